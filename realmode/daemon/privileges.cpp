// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/privileges.hpp"

#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

constexpr std::array<std::pair<cap_value_t, const char*>, 3> of_a_router{{
    {CAP_NET_ADMIN, "CAP_NET_ADMIN"},
    {CAP_NET_RAW, "CAP_NET_RAW"},
    {CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE"},
}};

struct Free {
    void operator()(cap_t capabilities) const { cap_free(capabilities); }
};
using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, Free>;

bool has(const Capabilities& capabilities, cap_value_t capability) {
    cap_flag_value_t value = CAP_CLEAR;
    return capabilities &&
           cap_get_flag(capabilities.get(), capability, CAP_PERMITTED, &value) == 0 &&
           value == CAP_SET;
}

std::vector<cap_value_t> wanted(const KeptPrivileges& kept) {
    std::vector<cap_value_t> wanted;
    for (const auto& [capability, name] : of_a_router) {
        wanted.push_back(capability);
    }
    if (kept.read_any_file) {
        wanted.push_back(CAP_DAC_READ_SEARCH);
    }
    return wanted;
}

/// Programs that are started cannot get back what is out of the bounding set.
bool bound(const std::vector<cap_value_t>& wanted) {
    bool all = true;
    for (cap_value_t capability = 0; capability < cap_max_bits(); ++capability) {
        if (std::ranges::find(wanted, capability) == wanted.end() &&
            cap_get_bound(capability) == 1) {
            all = cap_drop_bound(capability) == 0 && all;
        }
    }
    return all;
}

bool set(const std::vector<cap_value_t>& wanted) {
    const Capabilities had(cap_get_proc());
    const Capabilities capabilities(cap_init());
    for (const auto capability : wanted) {
        if (has(had, capability)) {
            cap_set_flag(capabilities.get(), CAP_PERMITTED, 1, &capability, CAP_SET);
            cap_set_flag(capabilities.get(), CAP_EFFECTIVE, 1, &capability, CAP_SET);
        }
    }
    return cap_set_proc(capabilities.get()) == 0;
}

}  // namespace

std::vector<std::string> give_up_privileges(const KeptPrivileges& kept) {
    std::vector<std::string> failures;
    const auto failed = [&](std::string_view what) {
        failures.push_back(fmt::format("{}: {}", what, std::strerror(errno)));
    };
    const auto capabilities = wanted(kept);
    if (has(Capabilities(cap_get_proc()), CAP_SETPCAP) && !bound(capabilities)) {
        failed("the bounding set of capabilities stays as it is");
    }
    if (!set(capabilities)) {
        failed("capabilities stay as they are");
    }
    if (!kept.new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        failed("programs may gain privileges");
    }
    return failures;
}

bool needs_read_privilege(const std::string& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) {
        return false;
    }
    const auto bit = found.st_uid == ::geteuid()   ? S_IRUSR
                     : found.st_gid == ::getegid() ? S_IRGRP
                                                   : S_IROTH;
    return (found.st_mode & static_cast<mode_t>(bit)) == 0;
}

std::vector<std::string> missing_capabilities() {
    const Capabilities here(cap_get_proc());
    std::vector<std::string> missing;
    for (const auto& [capability, name] : of_a_router) {
        if (!has(here, capability)) {
            missing.emplace_back(name);
        }
    }
    return missing;
}

}  // namespace lvslab::realmode
