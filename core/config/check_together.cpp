// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/config/check_rules.hpp"
#include "core/config/places.hpp"

namespace lvslab::config {
namespace {

class PairCheck {
public:
    /// `a` stands before `b` in the file.
    PairCheck(const VirtualServer& a, const VirtualServer& b, Diagnostics& found)
        : a_(a), b_(b), found_(found) {}

    /// Returns whether anything was found.
    bool run() {
        const auto before = found_.items().size();
        check_same_service();
        if (a_.address == b_.address && !a_.address.is_unspecified()) {
            check_device();
            check_mark_beside_address();
            check_persistence_of_a_pair();
        }
        return found_.items().size() > before;
    }

private:
    static bool marked(const VirtualServer& service) { return service.fwmark != Fwmark{}; }

    void warning(std::string_view directive, const std::string& message) {
        found_.warning(place_of(b_, directive), title(b_) + ": " + message);
    }
    std::string place_of_a(std::string_view directive) const {
        return place_of(a_, directive).to_string();
    }

    void check_same_service() {
        if (marked(a_) && a_.fwmark == b_.fwmark) {
            found_.error(place_of(b_, "fwmark"),
                         fmt::format("{}: fwmark {} is that of {} in {} already", title(b_),
                                     b_.fwmark.value(), title(a_), place_of_a("fwmark")));
        } else if (!marked(a_) && !marked(b_) && a_.protocol == b_.protocol &&
                   a_.address == b_.address && a_.port == b_.port && !a_.address.is_unspecified()) {
            found_.error(place_of(b_, "address"),
                         fmt::format("{}: {} {} port {} is that of {} in {} already", title(b_),
                                     to_string(b_.protocol), b_.address.to_string(),
                                     b_.port.value(), title(a_), place_of_a("address")));
        }
    }

    void check_device() {
        if (a_.device != b_.device) {
            warning("address",
                    fmt::format("{} is on {} here, but on {} in {}", b_.address.to_string(),
                                b_.device, a_.device, place_of_a("address")));
        } else if (a_.vip_nmask != b_.vip_nmask) {
            warning("vip_nmask", fmt::format("another netmask of {} stands in {}",
                                             b_.address.to_string(), place_of_a("vip_nmask")));
        }
    }

    /// The kernel looks for a service by mark first.
    void check_mark_beside_address() {
        if (marked(a_) == marked(b_) || a_.protocol != b_.protocol || a_.port != b_.port) {
            return;
        }
        const auto& by_mark = marked(a_) ? a_ : b_;
        const auto& by_address = marked(a_) ? b_ : a_;
        warning("fwmark", fmt::format("{} port {} is offered by {} in {} too: packets with mark "
                                      "{} go to {}, others to {}",
                                      b_.address.to_string(), b_.port.value(), title(a_),
                                      a_.location.to_string(), by_mark.fwmark.value(),
                                      title(by_mark), title(by_address)));
    }

    /// A client's HTTP and HTTPS, or FTP's control and data: one server for both needs one service.
    void check_persistence_of_a_pair() {
        const std::pair ports = std::minmax({a_.port, b_.port});
        const bool pair =
            ports == std::pair(Port{80}, Port{443}) || ports == std::pair(Port{20}, Port{21});
        const bool tcp = a_.protocol == Protocol::tcp && b_.protocol == Protocol::tcp;
        if (pair && tcp && !marked(a_) && !marked(b_) && a_.persistent > Duration::zero() &&
            b_.persistent > Duration::zero()) {
            warning("persistent",
                    fmt::format("a client may stay with one server on port {} and with another on "
                                "port {} ({}); one firewall mark for both makes them one service",
                                b_.port.value(), a_.port.value(), a_.location.to_string()));
        }
    }

    const VirtualServer& a_;
    const VirtualServer& b_;
    Diagnostics& found_;
};

}  // namespace

void check_services_together(const LvsConfig& config, Diagnostics& found) {
    // Held against the first one before it that it does not go with: so many equal services are so
    // many findings, not the square of them.
    const auto& services = config.virtual_servers;
    for (std::size_t j = 0; j < services.size(); ++j) {
        for (std::size_t i = 0; i < j && services[j].active; ++i) {
            if (services[i].active && PairCheck(services[i], services[j], found).run()) {
                break;
            }
        }
    }
}

}  // namespace lvslab::config
