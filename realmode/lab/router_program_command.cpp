// SPDX-License-Identifier: GPL-2.0-only
// Programs that routers run: they end when they have their answer, or are ended by who waits.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "core/base/address.hpp"
#include "core/world/check_dialogue.hpp"
#include "realmode/lab/commands.hpp"
#include "realmode/lab/load_daemon.hpp"

namespace lvslab::lab {
namespace {

/// A socket that is connected and blocks; negative = it is not.
class Connection {
public:
    Connection(const std::string& host, std::uint16_t port, bool udp)
        : socket_(::socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        stands_ = ::inet_pton(AF_INET, host.c_str(), &to.sin_addr) == 1 &&
                  ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    }
    ~Connection() { ::close(socket_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool stands() const { return stands_; }
    bool say(std::string_view bytes) {
        return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }
    /// Empty at its end.
    std::string hear() {
        std::array<char, 4096> block;
        const auto n = ::recv(socket_, block.data(), block.size(), 0);
        return {block.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
    }

private:
    int socket_;
    bool stands_ = false;
};

struct CheckProgram {
    std::string host, protocol = "tcp", output;
    std::uint16_t port = 0;
    unsigned round_trips = 1;
    std::uint64_t duration_us = 0;
    int exit_status = 0;
};

/// A round trip: as many bytes back as went there.
bool round_trip(Connection& connection) {
    std::string question(world::program_message, '\0');
    std::ranges::copy(world::program_greeting, question.begin());
    if (!connection.say(question)) {
        return false;
    }
    for (std::size_t heard = 0; heard < world::program_message;) {
        const auto bytes = connection.hear();
        if (bytes.empty()) {
            return false;
        }
        heard += bytes.size();
    }
    return true;
}

int check_program(const CheckProgram& program) {
    constexpr int no_answer = 1;
    if (program.round_trips > 0) {
        Connection connection(program.host, program.port, program.protocol == "udp");
        if (!connection.stands()) {
            return no_answer;
        }
        for (unsigned i = 0; i < program.round_trips; ++i) {
            if (!round_trip(connection)) {
                return no_answer;
            }
        }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(program.duration_us));
    fmt::print("{}", program.output);
    return program.exit_status;
}

int remote_shell(const std::string& host, const std::string& command) {
    Connection connection(host, LoadDaemon::remote_shell_port.value(), false);
    if (!connection.stands() || !connection.say(command + "\n")) {
        return 1;
    }
    std::string answer;
    while (!answer.ends_with('\n')) {
        const auto bytes = connection.hear();
        if (bytes.empty()) {
            return 1;
        }
        answer += bytes;
    }
    fmt::print("{}", answer);
    return 0;
}

}  // namespace

void add_check_program_command(CLI::App& app, int& exit_code) {
    auto program = std::make_shared<CheckProgram>();
    auto* command = app.add_subcommand("check-program",
                                       "What a scenario's check program does (run by routers)");
    command->add_option("HOST", program->host)->required();
    command->add_option("PORT", program->port)->required();
    command->add_option("PROTOCOL", program->protocol)->check(CLI::IsMember({"tcp", "udp"}));
    command->add_option("--round-trips", program->round_trips, "questions to the server");
    command->add_option("--duration-us", program->duration_us, "what it takes besides, in us");
    command->add_option("--exit-status", program->exit_status, "if the server answers");
    command->add_option("--output", program->output, "what it prints then");
    command->callback([program, &exit_code] { exit_code = check_program(*program); });
}

void add_remote_shell_command(CLI::App& app, int& exit_code) {
    auto words = std::make_shared<std::array<std::string, 2>>();
    auto* command =
        app.add_subcommand("remote-shell", "Asks a lab's server for its load (run by routers)");
    command->add_option("HOST", (*words)[0])->required();
    command->add_option("COMMAND", (*words)[1])->required();
    command->callback([words, &exit_code] { exit_code = remote_shell((*words)[0], (*words)[1]); });
}

}  // namespace lvslab::lab
