// SPDX-License-Identifier: GPL-2.0-only
/// Reading an lvs.cf from this host.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <system_error>

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

/// Asked about each second while names wait for the network: whether to go on. If not, those that
/// are not answered are names that nobody knows.
using StillWaiting = std::function<bool()>;

/// Both, with a lookup of the names between.
Checked<LvsCfFile> read_lvs_cf(const std::string& file, const StillWaiting& still_waiting = {});

/// What a reader says that could not even ask (no thread, no descriptor).
Checked<LvsCfFile> names_not_looked_up(const std::string& file, const std::system_error& error);

}  // namespace lvslab::realmode
