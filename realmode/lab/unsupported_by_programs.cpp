// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "core/health/http_answer.hpp"
#include "core/router/check_settings.hpp"
#include "core/world/check_answers.hpp"
#include "core/world/configurations.hpp"
#include "core/world/ftp_lines.hpp"
#include "realmode/lab/load_daemon.hpp"
#include "realmode/lab/server_programs.hpp"

namespace lvslab::lab {
namespace {

using scenario::Scenario;
using scenario::Workload;

/// How nginx's answer to what it understands, and to what it does not, begins.
constexpr const char* nginx_ok =
    "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 3\r\nConnection: close\r\n\r\nOK\n";
constexpr const char* nginx_bad = "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n";

class Findings {
public:
    explicit Findings(const char* program) : program_(program) {}
    void refuse(const SourceLocation& where, const std::string& what) {
        found.error(where, fmt::format("{}, which the lab's own server does and {} does not", what,
                                       program_));
    }
    Diagnostics found;

private:
    const char* program_;
};

bool takes_time(const scenario::Distribution& work) {
    const auto* constant = std::get_if<scenario::Constant>(&work);
    return constant == nullptr || constant->value != 0;
}

void look_at_server(const scenario::Server& server, Findings& findings) {
    const auto refuse_if = [&](bool has, const char* what) {
        if (has) {
            findings.refuse(server.location, fmt::format("server {} {}", server.name, what));
        }
    };
    refuse_if(takes_time(server.service),
              "works for a time that the scenario says (service other than 0s)");
    refuse_if(takes_time(server.check_service),
              "works for checks for a time that the scenario says (check_service)");
    refuse_if(server.speed != 1, "has a speed");
    refuse_if(server.queue.has_value(), "has so many waiting places (queue)");
    refuse_if(server.cache.has_value(), "is a proxy cache");
    refuse_if(server.data.has_value(), "asks a data server");
    refuse_if(server.answer.has_value(), "answers to checks what the scenario says (answer)");
}

/// Why the check of a web server never succeeds; empty if it does.
std::string nginx_objection(const health::Probe& probe) {
    if (const auto* http = std::get_if<health::HttpProbe>(&probe)) {
        if (http->tls) {
            return "is one of HTTPS";
        }
        health::HttpAnswer judge(http->expect);
        judge.take(nginx_ok);
        return judge.end() == health::Verdict::match ? "" : "expects another answer than 200, OK";
    }
    if (std::holds_alternative<health::ProgramProbe>(probe)) {
        return "runs a program, which asks in the lab's own words";
    }
    const auto& check = std::get<health::ConnectProbe>(probe);
    if (!check.expect.reads()) {
        return {};
    }
    const auto send = check.send.value_or("");
    const auto* answer = send.starts_with("GET ")               ? nginx_ok
                         : send.find('\n') == std::string::npos ? ""
                                                                : nginx_bad;
    return check.expect.judge(answer, true) == health::Verdict::match && *answer != '\0'
               ? ""
               : "expects another answer than HTTP's";
}

std::string vsftpd_objection(const health::Probe& probe, const std::string& server) {
    const auto* check = std::get_if<health::ConnectProbe>(&probe);
    if (check == nullptr) {
        return "is no plain one of send and expect";
    }
    return !check->expect.reads() ||
                   check->expect.judge(fmt::format("220 {} FTP server ready.\r\n", server), true) ==
                       health::Verdict::match
               ? ""
               : "expects another greeting than 220";
}

/// Each check of a real server whose port that program serves, once.
void look_at_checks(const Scenario& scenario, bool of_ftp, Findings& findings) {
    std::set<std::pair<std::string, std::string>> told;
    for (const auto* config : world::configurations_of(scenario)) {
        for (const auto& v : config->virtual_servers) {
            for (const auto& real : v.servers) {
                const auto probe = router::check_probe(v, real);
                if (!scenario.daemons || !v.active || v.protocol != Protocol::tcp || !probe ||
                    world::serves_ftp(scenario, real.port) != of_ftp) {
                    continue;
                }
                const auto server =
                    std::ranges::find(scenario.servers, real.address,
                                      [](const auto& s) { return s.interface.address; });
                const auto name = server == scenario.servers.end() ? std::string() : server->name;
                const auto why = of_ftp ? vsftpd_objection(*probe, name) : nginx_objection(*probe);
                if (!why.empty() && told.emplace(v.name, why).second) {
                    findings.refuse(v.location, fmt::format("the check of {} {}", v.name, why));
                }
            }
        }
    }
}

void look_for_nginx(const Scenario& scenario, Findings& findings) {
    for (const auto& server : scenario.servers) {
        look_at_server(server, findings);
    }
    bool serves = false;
    for (const auto& workload : scenario.workloads) {
        if (workload.kind == Workload::Kind::ftp) {
            continue;
        }
        serves = true;
        if (workload.protocol != Protocol::tcp) {
            findings.refuse(workload.location, fmt::format("workload {} uses {}", workload.name,
                                                           to_string(workload.protocol)));
        }
    }
    if (!serves) {
        findings.found.error(scenario.location,
                             "nginx would serve nobody: no workload asks for "
                             "anything but FTP");
    }
    for (const auto& fault : scenario.faults) {
        if (fault.kind == scenario::FaultKind::slow &&
            fault.target.kind == scenario::FaultTarget::Kind::server) {
            findings.refuse(fault.location,
                            fmt::format("\"{}\" makes a server slower", fault.what));
        }
    }
    if (scenario.content) {
        findings.refuse(scenario.location, "replicas grow stale (content)");
    }
    if (world::follows_load(scenario)) {
        findings.refuse(scenario.location, "weights follow the servers' loads (load_monitor)");
    }
    look_at_checks(scenario, false, findings);
}

void look_for_vsftpd(const Scenario& scenario, Findings& findings) {
    if (world::ftp_ports(scenario).empty()) {
        findings.found.error(scenario.location,
                             "vsftpd would serve nobody: no workload is one of FTP");
    }
    look_at_checks(scenario, true, findings);
}

}  // namespace

Diagnostics unsupported_by(const ServerPrograms& programs, const Scenario& scenario) {
    Findings of_nginx("nginx"), of_vsftpd("vsftpd");
    if (programs.nginx) {
        look_for_nginx(scenario, of_nginx);
    }
    if (programs.vsftpd) {
        look_for_vsftpd(scenario, of_vsftpd);
    }
    of_nginx.found.append(of_vsftpd.found);
    of_nginx.found.sort();
    return of_nginx.found;
}

}  // namespace lvslab::lab
