// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as a scenario file: the reader answers with a scenario or with located errors, and a
// scenario that it gives has a plan.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "core/scenario/plan.hpp"
#include "core/scenario/reader.hpp"

namespace {

constexpr const char* lvs_cf = R"(primary = 192.168.26.9
primary_private = 10.11.12.9
backup = 192.168.26.8
backup_private = 10.11.12.8
nat_router = 10.11.12.10 eth1:1
virtual shop {
  active = 1
  address = 192.168.26.10 eth0:1
  server web1 {
    address = 10.11.12.1
    active = 1
  }
  server web2 {
    address = 10.11.12.2
    active = 1
  }
}
)";

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lvslab;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto load = [](const std::string& path) -> std::optional<std::string> {
        if (path == "lvs.cf" || path == "other.cf") {
            return lvs_cf;
        }
        if (path == "iptables") {
            return "*mangle\n-A PREROUTING -p tcp --dport 80 -j MARK --set-mark 1\nCOMMIT\n";
        }
        if (path == "sysctl.conf") {
            return "net.ipv4.ip_forward = 1\n";
        }
        if (path == "shop.trace") {
            return "lvslab-trace 1\n0s 10.0.0.1 1:1 1s+1:1\n1s 10.0.0.2 9:9~1s\n";
        }
        return path == "arrivals.txt" ? std::optional<std::string>("0s\n1s\n") : std::nullopt;
    };
    const auto result = scenario::read_scenario(text, "s.yaml", load);
    require(result.value.has_value() != result.diagnostics.has_errors());
    for (const auto& d : result.diagnostics.items()) {
        require(!d.location.file.empty() && !d.message.empty());
    }
    if (result) {
        scenario::Plan plan(*result, result->seed);
        auto last = Time{};
        for (int i = 0; i < 100; ++i) {
            const auto c = plan.next();
            if (!c) {
                break;
            }
            require(c->at >= last && c->at <= result->end());
            last = c->at;
        }
    }
    return 0;
}
