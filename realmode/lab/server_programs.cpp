// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/server_programs.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/scenario/plan.hpp"
#include "core/world/check_answers.hpp"
#include "core/world/ftp_lines.hpp"
#include "core/world/message.hpp"
#include "core/world/topology.hpp"
#include "realmode/lab/http_exchange.hpp"

namespace lvslab::lab {

namespace fs = std::filesystem;

std::string program_path(const std::string& name) {
    const auto* path = std::getenv("PATH");
    std::istringstream folders(std::string(path != nullptr ? path : "") + ":/usr/sbin:/sbin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const auto program = fs::path(folder) / name;
        if (!folder.empty() && ::access(program.c_str(), X_OK) == 0) {
            return program.string();
        }
    }
    return {};
}

std::vector<std::string> missing_programs(const ServerPrograms& programs) {
    std::vector<std::string> missing;
    const auto need = [&](bool wanted, const char* name) {
        if (wanted && program_path(name).empty()) {
            missing.push_back(fmt::format("{0} is missing (Debian package {0})", name));
        }
    };
    need(programs.nginx, "nginx");
    need(programs.vsftpd, "vsftpd");
    return missing;
}

std::vector<Port> web_ports(const scenario::Scenario& scenario, unsigned server) {
    std::set<Port> ports;
    const auto look = [&](const std::vector<world::ListenEndpoint>& endpoints) {
        for (const auto& where : endpoints) {
            if (where.protocol == Protocol::tcp &&
                !world::serves_ftp(scenario, where.endpoint.port)) {
                ports.insert(where.endpoint.port);
            }
        }
    };
    look(world::listen_endpoints_of(scenario, server, false, scenario.servers[server].vip));
    look(world::check_endpoints_of(scenario, server));
    return {ports.begin(), ports.end()};
}

void make_documents(const scenario::Scenario& scenario, std::uint64_t seed,
                    const fs::path& folder) {
    const auto documents = folder / "documents";
    const auto stored = documents / "put";
    fs::create_directories(stored);
    fs::create_directories(folder / "empty");
    fs::permissions(folder, fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
    // vsftpd refuses a root that anonymous users can write into.
    fs::permissions(documents, fs::perms::owner_all | fs::perms::group_read |
                                   fs::perms::group_exec | fs::perms::others_read |
                                   fs::perms::others_exec);
    fs::permissions(stored, fs::perms::all | fs::perms::sticky_bit);
    std::set<std::uint64_t> made;
    scenario::Plan plan(scenario, seed);
    while (const auto connection = plan.next()) {
        const auto& workload = scenario.workloads[connection->workload];
        const bool ftp = workload.kind == scenario::Workload::Kind::ftp;
        for (const auto& request : connection->requests) {
            const auto size =
                ftp ? request.response_bytes : world::response_size(request.response_bytes);
            if (!made.insert(size).second) {
                continue;
            }
            const auto path = documents / fmt::format("{}.bin", size);
            if (!std::ofstream(path) || ::truncate(path.c_str(), static_cast<off_t>(size)) != 0) {
                throw std::runtime_error(fmt::format("a document of {} bytes cannot be made: {}",
                                                     size, std::strerror(errno)));
            }
        }
    }
}

namespace {

std::string anonymous_user() {
    for (const auto* name : {"ftp", "nobody"}) {
        const auto* user = ::getpwnam(name);
        if (user != nullptr && fs::is_directory(user->pw_dir)) {
            return name;
        }
    }
    throw std::runtime_error("vsftpd needs the user ftp, or nobody, with a home that is there");
}

}  // namespace

std::string nginx_configuration(const scenario::Scenario& scenario, unsigned server,
                                const fs::path& documents, const fs::path& logs) {
    const auto& name = scenario.servers[server].name;
    std::string listen;
    for (const auto port : web_ports(scenario, server)) {
        listen += fmt::format("        listen {};\n", port.value());
    }
    // A single process: nothing is left of it when it is killed. Its temporary folders stand below
    // its prefix, the folder of its own.
    return fmt::format(
        "# nginx of the real server {0}, as lvslab run started it.\n"
        "daemon off;\n"
        "master_process off;\n"
        "user root root;\n"
        "pid nginx.pid;\n"
        "error_log {1}/error.log;\n"
        "events {{\n"
        "    worker_connections 8192;\n"
        "}}\n"
        "http {{\n"
        "    default_type application/octet-stream;\n"
        "    access_log {1}/access.log;\n"
        "    sendfile on;\n"
        "    tcp_nopush on;\n"
        "    # The scenario's clients may think as long as they like.\n"
        "    keepalive_timeout 1h;\n"
        "    keepalive_requests 1000000;\n"
        "    client_max_body_size 0;\n"
        "    client_body_temp_path body;\n"
        "    proxy_temp_path proxy;\n"
        "    fastcgi_temp_path fastcgi;\n"
        "    uwsgi_temp_path uwsgi;\n"
        "    scgi_temp_path scgi;\n"
        "    server {{\n"
        "{2}"
        "        add_header {3} \"{0}\" always;\n"
        "        location / {{\n"
        "            return 200 \"OK\\n\";\n"
        "        }}\n"
        "        location /documents/ {{\n"
        "            root {4};\n"
        "        }}\n"
        "    }}\n"
        "}}\n",
        name, logs.string(), listen, http_server_header, documents.string());
}

std::string vsftpd_configuration(const scenario::Scenario& scenario, unsigned server, Port port,
                                 const fs::path& documents, const fs::path& logs) {
    const auto& s = scenario.servers[server];
    auto text = fmt::format(
        "# vsftpd of the real server {0}, as lvslab run started it.\n"
        "listen=YES\n"
        "listen_ipv6=NO\n"
        "background=NO\n"
        "listen_port={1}\n"
        "ftpd_banner={0} FTP server ready.\n"
        "max_clients=0\n"
        "max_per_ip=0\n"
        "anonymous_enable=YES\n"
        "local_enable=NO\n"
        "ftp_username={6}\n"
        "nopriv_user=nobody\n"
        "anon_root={2}/documents\n"
        "secure_chroot_dir={2}/empty\n"
        "write_enable=YES\n"
        "anon_upload_enable=YES\n"
        "anon_other_write_enable=YES\n"
        "lock_upload_files=NO\n"
        "xferlog_enable=YES\n"
        "dual_log_enable=NO\n"
        "vsftpd_log_file={3}/vsftpd-{1}.log\n"
        "pasv_min_port={4}\n"
        "pasv_max_port={5}\n"
        "connect_from_port_20=YES\n"
        "seccomp_sandbox=NO\n"
        "isolate=NO\n"
        "isolate_network=NO\n",
        s.name, port.value(), documents.string(), logs.string(), s.ftp.pasv_min_port.value(),
        s.ftp.pasv_max_port.value(), anonymous_user());
    if (s.ftp.pasv_address) {
        text += fmt::format("pasv_address={}\n", s.ftp.pasv_address->to_string());
    }
    return text;
}

}  // namespace lvslab::lab
