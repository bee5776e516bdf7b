// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/check_answers.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "core/health/http_answer.hpp"
#include "core/router/check_settings.hpp"
#include "core/world/configurations.hpp"

namespace lvslab::world {
namespace {

using config::RealServer;
using config::VirtualServer;

/// Every real server of an active virtual service that is the scenario's server `index`.
void for_each_check(const scenario::Scenario& scenario, unsigned index,
                    const std::function<void(const VirtualServer&, const RealServer&)>& visit) {
    const auto& address = scenario.servers[index].interface.address;
    for (const auto* config : world::configurations_of(scenario)) {
        for (const auto& v : config->virtual_servers) {
            for (const auto& real : v.servers) {
                if (v.active && real.address == address) {
                    visit(v, real);
                }
            }
        }
    }
}

/// What the application says to a GET for which no other text is known.
std::string http_text(const scenario::Server& server, const std::string& body) {
    const auto text = server.answer.value_or(body);
    return text.starts_with("HTTP/") ? text : http_answer(text);
}

std::string answer_to(const VirtualServer& v, const std::string& send,
                      const scenario::Server& server) {
    if (send.starts_with("GET ")) {
        return http_text(server, "OK\n");
    }
    const auto expected = health::unescape(v.expect.value_or("*"));
    return server.answer.value_or(expected.empty() || expected == "*" ? "OK\n" : expected);
}

std::string answer_to(const health::HttpProbe& probe, const scenario::Server& server) {
    return http_text(server, probe.expect.body.value_or("OK") + "\n");
}

class Findings {
public:
    explicit Findings(const scenario::Scenario& scenario) : scenario_(scenario) {}

    void look_at(const VirtualServer& v, const RealServer& real, const scenario::Server& server) {
        const auto probe = router::check_probe(v, real);
        if (!probe) {
            return;  // told where the configuration is read
        }
        if (const auto* program = std::get_if<health::ProgramProbe>(&*probe)) {
            look_at_program(v, program->arguments.front());
        } else if (const auto* check = std::get_if<health::ConnectProbe>(&*probe)) {
            look_at_answer(v, *check, server);
        } else {
            look_at_http(v, std::get<health::HttpProbe>(*probe), server);
        }
    }

    Diagnostics found;

private:
    void look_at_program(const VirtualServer& v, const std::string& path) {
        const auto declared = std::ranges::any_of(
            scenario_.programs, [&](const scenario::Program& p) { return p.path == path; });
        if (!declared && told_.insert(path).second) {
            found.error(v.location,
                        fmt::format("the check of {} runs {}, which the scenario does not declare; "
                                    "say under programs: how many round trips it makes and what "
                                    "it prints",
                                    v.name, path));
        }
    }

    void look_at_answer(const VirtualServer& v, const health::ConnectProbe& check,
                        const scenario::Server& server) {
        if (!check.expect.reads()) {
            return;
        }
        if (check.protocol == Protocol::udp && !check.send) {
            found.warning(v.location,
                          fmt::format("the check of {} sends nothing over UDP and waits for an "
                                      "answer: it never succeeds",
                                      v.name));
            return;
        }
        const auto answer = answer_to(v, check.send.value_or(""), server);
        if (check.expect.judge(answer, true) != health::Verdict::match) {
            tell(v, server, v.expect.value_or(""));
        }
    }

    void look_at_http(const VirtualServer& v, const health::HttpProbe& check,
                      const scenario::Server& server) {
        health::HttpAnswer judge(check.expect);
        judge.take(answer_to(check, server));
        if (judge.end() != health::Verdict::match) {
            tell(v, server, judge.problem());
        }
    }

    void tell(const VirtualServer& v, const scenario::Server& server, const std::string& what) {
        if (server.answer) {
            found.warning(server.location,
                          fmt::format("what {} answers is not what the check of {} expects ({}): "
                                      "the check never succeeds",
                                      server.name, v.name, what));
        } else {
            found.error(server.location,
                        fmt::format("what {} answers to the check of {} is not known ({}); give "
                                    "the server an answer:",
                                    server.name, v.name, what));
        }
    }

    const scenario::Scenario& scenario_;
    std::set<std::string> told_;
};

}  // namespace

std::vector<ListenEndpoint> check_endpoints_of(const scenario::Scenario& scenario, unsigned index) {
    std::set<ListenEndpoint> endpoints;
    for_each_check(scenario, index, [&](const VirtualServer& v, const RealServer& real) {
        endpoints.insert({v.protocol, {real.address, real.port}});
    });
    return {endpoints.begin(), endpoints.end()};
}

std::vector<CheckAnswer> check_answers_of(const scenario::Scenario& scenario, unsigned index,
                                          Protocol protocol, Port port) {
    std::vector<CheckAnswer> answers;
    for_each_check(scenario, index, [&](const VirtualServer& v, const RealServer& real) {
        const auto probe = router::check_probe(v, real);
        if (!probe || v.protocol != protocol || real.port != port) {
            return;
        }
        const auto& server = scenario.servers[index];
        if (const auto* http = std::get_if<health::HttpProbe>(&*probe)) {
            answers.push_back({health::http_request(*http), answer_to(*http, server)});
        } else if (const auto* check = std::get_if<health::ConnectProbe>(&*probe);
                   check != nullptr && check->expect.reads()) {
            const auto send = check->send.value_or("");
            answers.push_back({send, answer_to(v, send, server)});
        }
    });
    return answers;
}

Diagnostics unanswerable_checks(const scenario::Scenario& scenario) {
    Findings findings(scenario);
    for (unsigned i = 0; scenario.daemons && i < scenario.servers.size(); ++i) {
        for_each_check(scenario, i, [&](const VirtualServer& v, const RealServer& real) {
            findings.look_at(v, real, scenario.servers[i]);
        });
    }
    return findings.found;
}

}  // namespace lvslab::world
