// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/ftp_dialogue.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace lvslab::ipvs {
namespace {

/// Reads on in a text; every step fails at its end.
class Cursor {
public:
    explicit Cursor(std::string_view text) : text_(text) {}

    std::size_t at() const { return at_; }
    bool done() const { return at_ >= text_.size(); }
    char peek() const { return done() ? '\0' : text_[at_]; }
    bool digit() const { return !done() && peek() >= '0' && peek() <= '9'; }
    bool take(char c) {
        if (done() || peek() != c) {
            return false;
        }
        ++at_;
        return true;
    }
    std::optional<char> any() { return done() ? std::nullopt : std::optional<char>(text_[at_++]); }
    std::string_view until(char c) {
        const auto end = std::min(text_.find(c, at_), text_.size());
        const auto found = text_.substr(at_, end - at_);
        at_ = end;
        return found;
    }
    /// A decimal number up to `largest`.
    std::optional<unsigned> number(unsigned largest) {
        if (!digit()) {
            return std::nullopt;
        }
        unsigned value = 0;
        while (digit()) {
            value = value * 10 + static_cast<unsigned>(*any() - '0');
            if (value > largest) {
                return std::nullopt;
            }
        }
        return value;
    }
    /// Goes to what `opens`, and behind all of these; with `or_digit` a digit will do before it.
    bool skip_to(char opens, bool or_digit) {
        while (!done() && peek() != opens && !(or_digit && digit())) {
            ++at_;
        }
        while (take(opens)) {
        }
        return !done();
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

std::string_view text_of(std::span<const std::uint8_t> payload) {
    return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}

bool same_letter(char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
}

bool begins(std::string_view text, std::string_view word) {
    return text.size() >= word.size() &&
           std::ranges::equal(text.substr(0, word.size()), word, same_letter);
}

/// h,h,h,h,p,p (RFC 959).
std::optional<Endpoint> read_six(Cursor& cursor) {
    std::array<unsigned, 6> n{};
    for (std::size_t i = 0; i < n.size(); ++i) {
        const auto value = cursor.number(255);
        if (!value || (i + 1 < n.size() && !cursor.take(','))) {
            return std::nullopt;
        }
        n[i] = *value;
    }
    return Endpoint{Address::v4(n[0] << 24 | n[1] << 16 | n[2] << 8 | n[3]),
                    Port{static_cast<std::uint16_t>(n[4] << 8 | n[5])}};
}

/// |1|address|port| with any delimiter (RFC 2428); in an answer family and address may be missing
/// and `otherwise` holds.
std::optional<Endpoint> read_extended(Cursor& cursor, Family family,
                                      const std::optional<Address>& otherwise) {
    const auto delimiter = cursor.any();
    if (!delimiter || *delimiter < 33 || *delimiter > 126) {
        return std::nullopt;
    }
    const auto d = *delimiter;
    std::optional<Address> address = otherwise;
    if (cursor.peek() == d) {
        if (!otherwise || !cursor.take(d)) {
            return std::nullopt;
        }
    } else {
        if (!cursor.take(family == Family::ipv6 ? '2' : '1') || !cursor.take(d)) {
            return std::nullopt;
        }
        address = Address::parse(cursor.until(d));
    }
    if (!cursor.take(d) || !address || address->family() != family) {
        return std::nullopt;
    }
    const auto port = cursor.number(65535);
    if (!port || *port == 0 || !cursor.take(d)) {
        return std::nullopt;
    }
    return Endpoint{*address, Port{static_cast<std::uint16_t>(*port)}};
}

/// "EPSV" alone, or with the family that the connection has. "EPSV ALL" is no request for a port.
bool asks_extended_passive(std::string_view text, Family family) {
    if (!begins(text, "EPSV") || text.size() < 6) {
        return false;
    }
    return text[4] == '\r' || (text[4] == ' ' && text.size() >= 7 && text[6] == '\r' &&
                               text[5] == (family == Family::ipv6 ? '2' : '1'));
}

}  // namespace

std::optional<FtpCommand> read_ftp_command(std::span<const std::uint8_t> payload, Family family) {
    const auto text = text_of(payload);
    for (std::size_t at = 0; at + 6 <= text.size(); ++at) {
        const auto rest = text.substr(at);
        if (family == Family::ipv4 && begins(rest, "PASV\r\n")) {
            return FtpCommand{FtpMode::passive, {}};
        }
        if (asks_extended_passive(rest, family)) {
            return FtpCommand{FtpMode::extended_passive, {}};
        }
    }
    Cursor cursor(text.substr(std::min<std::size_t>(4, text.size())));
    std::optional<Endpoint> client;
    if (family == Family::ipv4 && begins(text, "PORT")) {
        client = cursor.skip_to(' ', true) ? read_six(cursor) : std::nullopt;
    } else if (begins(text, "EPRT")) {
        client = cursor.skip_to(' ', false) ? read_extended(cursor, family, {}) : std::nullopt;
    }
    return client ? std::optional<FtpCommand>({FtpMode::active, client}) : std::nullopt;
}

std::optional<FtpAnswer> read_ftp_answer(std::span<const std::uint8_t> payload, FtpMode mode,
                                         const Address& server) {
    constexpr std::size_t code = 4;
    const auto text = text_of(payload);
    const bool extended = mode == FtpMode::extended_passive;
    if (mode == FtpMode::active || !text.starts_with(extended ? "229 " : "227 ")) {
        return std::nullopt;
    }
    Cursor cursor(text.substr(code));
    if (!cursor.skip_to('(', !extended)) {
        return std::nullopt;
    }
    const auto begin = cursor.at();
    const auto data = extended ? read_extended(cursor, server.family(), server) : read_six(cursor);
    if (!data) {
        return std::nullopt;
    }
    return FtpAnswer{*data, code + begin, cursor.at() - begin};
}

std::string ftp_answer_text(FtpMode mode, const Endpoint& data) {
    const auto port = data.port.value();
    if (mode == FtpMode::extended_passive) {
        return "|||" + std::to_string(port) + "|";
    }
    auto text = data.address.to_string();
    std::ranges::replace(text, '.', ',');
    return text + "," + std::to_string(port >> 8) + "," + std::to_string(port & 0xFF);
}

}  // namespace lvslab::ipvs
