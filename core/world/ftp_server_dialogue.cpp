// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/ftp_server_dialogue.hpp"

#include <charconv>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/ipvs/ftp_dialogue.hpp"

namespace lvslab::world {

using Step = FtpServerDialogue::Step;

namespace {

std::optional<std::uint64_t> size_of_file(std::string_view name) {
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), size);
    return error == std::errc{} && end != name.data() ? std::optional(size) : std::nullopt;
}

Step saying(std::string line) {
    return {.say = std::move(line)};
}

}  // namespace

FtpServerDialogue::FtpServerDialogue(const scenario::Server& settings, const Endpoint& local,
                                     const Endpoint& peer)
    : settings_(settings), local_(local), peer_(peer) {}

Step FtpServerDialogue::greet() const {
    return saying(fmt::format("220 {} FTP server ready.", settings_.name));
}

Step FtpServerDialogue::hear(std::string_view line) {
    const auto space = line.find(' ');
    const auto word = line.substr(0, space);
    const auto rest = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    if (word == "USER") {
        return saying("331 Please specify the password.");
    }
    if (word == "PASS") {
        return saying("230 Login successful.");
    }
    if (word == "TYPE") {
        return saying("200 Switching to Binary mode.");
    }
    if (word == "PASV" || word == "EPSV") {
        return passive(word == "EPSV");
    }
    if (word == "PORT" || word == "EPRT") {
        return active(line, word);
    }
    if (word == "RETR") {
        return retrieve(rest);
    }
    if (word == "STOR") {
        return begin(true, 0);
    }
    if (word == "QUIT") {
        return {.say = "221 Goodbye.", .over = true};
    }
    return saying("500 Unknown command.");
}

// ---- where the data connection goes ----

Step FtpServerDialogue::passive(bool extended) {
    forget_data();
    extended_ = extended;
    return {.end = DataEnd::reset, .open_port = true};
}

Step FtpServerDialogue::port_opened(Port port) {
    has_port_ = true;
    const auto told = settings_.ftp.pasv_address.value_or(local_.address);
    const auto mode = extended_ ? ipvs::FtpMode::extended_passive : ipvs::FtpMode::passive;
    const auto text = ipvs::ftp_answer_text(mode, {told, port});
    return saying(extended_ ? fmt::format("229 Entering Extended Passive Mode ({})", text)
                            : fmt::format("227 Entering Passive Mode ({}).", text));
}

Step FtpServerDialogue::no_port() const {
    return saying("425 No port is free.");
}

/// The client must mean itself (port_promiscuous is off).
Step FtpServerDialogue::active(std::string_view line, std::string_view word) {
    forget_data();
    const auto text = std::string(line) + "\r\n";
    const auto command = ipvs::read_ftp_command(
        {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, Family::ipv4);
    if (!command || !command->client || command->client->address != peer_.address) {
        return {.end = DataEnd::reset, .say = fmt::format("500 Illegal {} command.", word)};
    }
    active_to_ = command->client;
    return {.end = DataEnd::reset,
            .say = fmt::format("200 {} command successful. Consider using {}.", word,
                               word == "PORT" ? "PASV" : "EPSV")};
}

bool FtpServerDialogue::takes_data_from(const Address& client) const {
    return has_port_ && !has_data_ && client == peer_.address;  // pasv_promiscuous is off
}

// ---- transfers ----

Step FtpServerDialogue::retrieve(std::string_view name) {
    const auto size = size_of_file(name);
    return size ? begin(false, *size) : saying("550 Failed to open file.");
}

Step FtpServerDialogue::begin(bool store, std::uint64_t bytes) {
    if (!active_to_ && !has_port_ && !has_data_) {
        return saying("425 Use PORT or PASV first.");
    }
    stores_ = store;
    unsent_ = bytes;
    asked_ = true;
    if (active_to_) {
        has_data_ = true;
        return {.wait = true, .connect = active_to_};
    }
    return has_data_ ? transfer() : Step{.wait = true};
}

Step FtpServerDialogue::data_stands() {
    has_data_ = true;
    return asked_ ? transfer() : Step{};
}

Step FtpServerDialogue::transfer() {
    transferring_ = true;
    return {.say = stores_ ? std::string("150 Ok to send data.")
                           : fmt::format("150 Opening BINARY mode data connection ({} bytes).",
                                         unsent_),
            .transfer = true};
}

Step FtpServerDialogue::sent(std::uint64_t bytes) {
    unsent_ -= bytes;
    return transferring_ && !stores_ && unsent_ == 0
               ? finish(DataEnd::in_order, "226 Transfer complete.")
               : Step{};
}

Step FtpServerDialogue::data_closed(bool by_fin) {
    if (transferring_ && stores_ && by_fin) {
        return finish(DataEnd::in_order, "226 Transfer complete.");  // the file is whole
    }
    has_data_ = false;
    if (transferring_) {
        return finish(DataEnd::reset, stores_ ? "426 Failure reading network stream."
                                              : "426 Failure writing network stream.");
    }
    return asked_ ? gave_up() : Step{};
}

Step FtpServerDialogue::gave_up() {
    return finish(DataEnd::reset, "425 Failed to establish connection.");
}

Step FtpServerDialogue::idle() {
    return {.say = transferring_ ? "421 Data timeout. Reconnect. Sorry." : "421 Timeout.",
            .over = true};
}

Step FtpServerDialogue::finish(DataEnd end, std::string answer) {
    forget_data();
    return {.end = end, .say = std::move(answer)};
}

void FtpServerDialogue::forget_data() {
    asked_ = false;
    transferring_ = false;
    active_to_.reset();
    has_port_ = false;
    has_data_ = false;
}

}  // namespace lvslab::world
