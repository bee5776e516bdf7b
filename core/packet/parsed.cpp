// SPDX-License-Identifier: GPL-2.0-only
#include "core/packet/parsed.hpp"

namespace lvslab::packet {

std::string_view to_string(Malformed reason) {
    switch (reason) {
        case Malformed::none:
            return "well formed";
        case Malformed::truncated:
            return "the bytes end before the packet does";
        case Malformed::wrong_version:
            return "the IP version is not the one expected";
        case Malformed::bad_header_length:
            return "a header length is smaller than the header's fixed part";
        case Malformed::bad_length:
            return "a length field contradicts the headers";
        case Malformed::bad_extension:
            return "an IPv6 extension header stands where none may";
    }
    return "unknown";
}

}  // namespace lvslab::packet
