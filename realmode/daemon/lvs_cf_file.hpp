// SPDX-License-Identifier: GPL-2.0-only
/// Reading an lvs.cf from this host.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>

#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"
#include "realmode/host/name_lookup.hpp"

namespace lvslab::realmode {

struct LvsCfFile {
    std::string text;
    config::LvsConfig config;
};

/// The text of an lvs.cf, and the host names in it, whose addresses are still to be found.
class LvsCfText {
public:
    /// A file that cannot be read is an error without a line.
    static Checked<LvsCfText> read(const std::string& file);

    const std::set<std::string>& names() const { return names_; }
    /// Everything that is wrong or risky, by place; a value only if a router can run with it. A
    /// name that is not in `addresses` is one that nobody knows. Services are looked up in the
    /// machine's list.
    Checked<LvsCfFile> with(const NamedAddresses& addresses) const;

private:
    LvsCfText(std::string text, std::string file);

    std::string text_, file_;
    std::set<std::string> names_;
};

/// Both, with a lookup of the names between. While it waits for the network it calls
/// `still_waiting` about each second.
Checked<LvsCfFile> read_lvs_cf(const std::string& file,
                               const std::function<void()>& still_waiting = {});

}  // namespace lvslab::realmode
