// SPDX-License-Identifier: GPL-2.0-only
/// What reading a packet gives: the view, or the reason why there is none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace lvslab::packet {

/// Why bytes are not the packet they were taken for.
enum class Malformed : std::uint8_t {
    none,               ///< they are
    truncated,          ///< the bytes end inside a header, or before the length that a header tells
    wrong_version,      ///< neither IPv4 nor IPv6, or not the one asked for
    bad_header_length,  ///< IPv4's IHL or TCP's data offset below the fixed part of the header
    bad_length,         ///< a length field below the header's own, or beyond what holds it
    bad_extension,      ///< an IPv6 extension header where none may stand
};

/// One line for people: "the bytes end inside a header".
std::string_view to_string(Malformed reason);

/// How much of a packet the bytes hold.
enum class Extent : std::uint8_t {
    whole,    ///< all of it, perhaps with padding behind: every length is checked
    headers,  ///< its beginning (a capture's snap length, the headers taken off a simulator's
              ///< packet, a packet quoted in an ICMP error): payload may be missing
};

/// A view, or the reason why there is none.
template <class T>
class Parsed {
public:
    Parsed(T value) : value_(std::move(value)) {}
    Parsed(Malformed reason) : reason_(reason) {}

    explicit operator bool() const { return value_.has_value(); }
    bool has_value() const { return value_.has_value(); }
    /// Malformed::none if there is a value.
    Malformed reason() const { return reason_; }
    T& operator*() { return *value_; }
    const T& operator*() const { return *value_; }
    T* operator->() { return &*value_; }
    const T* operator->() const { return &*value_; }

private:
    std::optional<T> value_;
    Malformed reason_ = Malformed::none;
};

}  // namespace lvslab::packet
