// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/ftp_client_dialogue.hpp"

#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/ipvs/ftp_dialogue.hpp"

namespace lvslab::world {

using scenario::FtpTransfers;
using Step = FtpClientDialogue::Step;

namespace {

constexpr Step failed{.failed = true};

}  // namespace

FtpClientDialogue::FtpClientDialogue(const scenario::Scenario& scenario,
                                     const FtpTransfers& transfers, const Endpoint& server)
    : scenario_(scenario), transfers_(transfers), control_(server) {}

Step FtpClientDialogue::say(Phase phase, std::string line) {
    phase_ = phase;
    return {.say = std::move(line)};
}

/// The lines before the last of a long answer are passed over (RFC 959, 4.2).
Step FtpClientDialogue::hear(std::string_view line) {
    if (line.size() < 4 || line[3] == '-') {
        return {};
    }
    const auto code = line.substr(0, 3);
    switch (phase_) {
        case Phase::greeting:
            return code == "220" ? greeted(line) : failed;
        case Phase::user:
            return code == "331" ? say(Phase::password, "PASS lvslab@") : failed;
        case Phase::password:
            return code == "230" ? say(Phase::type, "TYPE I") : failed;
        case Phase::type:
            return code == "200" ? Step{.ready = true} : failed;
        case Phase::prepare:
            return prepared(code, line);
        case Phase::transfer:
            break;
    }
    if (code == "226") {
        said_complete_ = true;
        return check_complete();
    }
    // The data connection that it speaks of may still be on its way.
    may_send_ = true;
    return code == "150" ? Step{.send = true} : failed;
}

Step FtpClientDialogue::greeted(std::string_view line) {
    for (std::uint32_t i = 0; i < scenario_.servers.size(); ++i) {
        if (line.starts_with("220 " + scenario_.servers[i].name + " ")) {
            served_by_ = i;
        }
    }
    return say(Phase::user, "USER anonymous");
}

Step FtpClientDialogue::ask(std::uint64_t bytes) {
    file_ = bytes;
    received_ = 0;
    data_ended_ = false;
    said_complete_ = false;
    may_send_ = false;
    unsent_ = transfers_.upload ? bytes : 0;
    switch (transfers_.mode) {
        case FtpTransfers::Mode::passive:
            return say(Phase::prepare, "PASV");
        case FtpTransfers::Mode::extended_passive:
            return say(Phase::prepare, "EPSV");
        case FtpTransfers::Mode::active:
        case FtpTransfers::Mode::extended_active:
            break;
    }
    phase_ = Phase::prepare;
    return {.listen = true};
}

std::string FtpClientDialogue::offer(const Endpoint& mine) const {
    return transfers_.mode == FtpTransfers::Mode::active
               ? "PORT " + ipvs::ftp_answer_text(ipvs::FtpMode::passive, mine)
               : fmt::format("EPRT |1|{}|{}|", mine.address.to_string(), mine.port.value());
}

Step FtpClientDialogue::prepared(std::string_view code, std::string_view line) {
    if (FtpTransfers::server_connects(transfers_.mode)) {
        return code == "200" ? Step{.say = transfer()} : failed;
    }
    const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(line.data()),
                                              line.size());
    const auto mode = transfers_.mode == FtpTransfers::Mode::passive
                          ? ipvs::FtpMode::passive
                          : ipvs::FtpMode::extended_passive;
    const auto answer = ipvs::read_ftp_answer(bytes, mode, control_.address);
    return answer ? Step{.connect = answer->data} : failed;
}

std::string FtpClientDialogue::transfer() {
    phase_ = Phase::transfer;
    // What is stored has a folder of its own, so that a server need not let files to fetch change.
    return transfers_.upload ? fmt::format("STOR put/{}", file_)
                             : fmt::format("RETR {}.bin", file_);
}

Step FtpClientDialogue::data_ended(bool by_fin) {
    if (!by_fin || unsent_ > 0) {
        return failed;
    }
    data_ended_ = true;
    return check_complete();
}

/// Of a file that it stores, the server's word is the end.
Step FtpClientDialogue::check_complete() const {
    if (!said_complete_ || (!data_ended_ && !transfers_.upload)) {
        return {};
    }
    const bool whole = transfers_.upload ? unsent_ == 0 : received_ == file_;
    return whole ? Step{.complete = true} : failed;
}

}  // namespace lvslab::world
