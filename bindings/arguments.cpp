// SPDX-License-Identifier: GPL-2.0-only
#include "bindings/arguments.hpp"

#include <algorithm>

#include "core/base/spelling.hpp"

namespace lvslab::python {
namespace {

constexpr std::size_t longest_shown = 80;

}  // namespace

std::string shown(py::handle given) {
    auto text = py::reinterpret_steal<py::object>(PyObject_ASCII(given.ptr()));
    if (!text) {
        PyErr_Clear();
        return fmt::format("a {}", Py_TYPE(given.ptr())->tp_name);
    }
    auto seen = text.cast<std::string>();
    const bool is_text = PyUnicode_Check(given.ptr());
    if (is_text) {  // without its quotes
        seen = seen.substr(1, seen.size() - 2);
    }
    if (seen.size() > longest_shown) {
        seen = seen.substr(0, longest_shown) + "...";
    }
    return is_text           ? fmt::format("\"{}\"", seen)
           : given.is_none() ? seen
                             : fmt::format("{} ({})", seen, Py_TYPE(given.ptr())->tp_name);
}

std::optional<std::string> text_of(py::handle given) {
    if (!PyUnicode_Check(given.ptr())) {
        return std::nullopt;
    }
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(given.ptr(), &size);
    if (text == nullptr) {
        PyErr_Clear();
        return std::nullopt;
    }
    return std::string(text, static_cast<std::size_t>(size));
}

void Arguments::wrong(const std::string& name, const std::string& what) {
    findings_.error({call_ + "." + name, 0, 0}, what);
}

void Arguments::check() const {
    if (!findings_.empty()) {
        raise("InputError", findings_.items());
    }
}

void Arguments::no_more(const py::args& unnamed, const py::kwargs& named,
                        const std::vector<std::string_view>& known) const {
    if (!unnamed.empty()) {
        throw py::type_error(fmt::format("{}: {} needs its name, one of {}=", call_,
                                         shown(unnamed[0]), fmt::join(known, "=, ")));
    }
    for (const auto& [name, value] : named) {
        const auto word = py::cast<std::string>(name);
        throw py::type_error(
            fmt::format("{} has no argument \"{}\"{}", call_, word, suggestion(word, known)));
    }
}

bool Arguments::truth(const char* name, const py::object& given) {
    // numpy.bool_ is no bool, but says the same.
    const auto type = std::string_view(Py_TYPE(given.ptr())->tp_name);
    if (!PyBool_Check(given.ptr()) && type != "numpy.bool_" && type != "numpy.bool") {
        wrong(name, fmt::format("{} is neither True nor False", shown(given)));
        return false;
    }
    return PyObject_IsTrue(given.ptr()) == 1;
}

std::string Arguments::text(const char* name, const py::object& given, const char* what) {
    const auto read = text_of(given);
    if (!read) {
        wrong(name, fmt::format("{} is no {}", shown(given), what));
    }
    return read.value_or("");
}

Duration Arguments::time(const char* name, const py::object& given) {
    try {
        if (const auto read = duration_of(given)) {
            return *read;
        }
    } catch (const py::value_error&) {  // negative, not finite, or longer than a life
    }
    wrong(name, fmt::format("{} is no time: seconds from 0 on or a datetime.timedelta are wanted",
                            shown(given)));
    return {};
}

Address Arguments::address(const char* name, const py::object& given) {
    const auto text = text_of(given);
    const auto read = text ? Address::parse(*text) : std::nullopt;
    if (!read) {
        wrong(name, fmt::format("{} is no IP address", shown(given)));
    }
    return read.value_or(Address{});
}

Endpoint Arguments::endpoint(const char* name, const py::object& given) {
    const auto text = text_of(given);
    const auto read = text ? Endpoint::parse(*text) : std::nullopt;
    if (!read) {
        wrong(name, fmt::format("{} is no address and port, as 192.168.26.10:80 is{}", shown(given),
                                text ? ": " + why_no_endpoint(*text) : ""));
    }
    return read.value_or(Endpoint{});
}

Protocol Arguments::protocol(const char* name, const py::object& given) {
    const auto text = text_of(given);
    const auto read = text ? parse_protocol(*text) : std::nullopt;
    if (!read) {
        wrong(name, fmt::format("{} is no protocol (tcp, udp)", shown(given)));
    }
    return read.value_or(Protocol::tcp);
}

Weight Arguments::weight(const char* name, const py::object& given) {
    // What is less than 0 is IPVS's to refuse.
    const auto number = whole_of<std::int32_t>(given);
    if (!number) {
        wrong(name, fmt::format("{} is no whole number from 0 to {}", shown(given),
                                std::numeric_limits<std::int32_t>::max()));
    }
    return Weight(number.value_or(0));
}

Fwmark Arguments::mark(const char* name, const py::object& given) {
    return Fwmark(whole<std::uint32_t>(name, given));
}

std::string why_no_endpoint(std::string_view text) {
    const auto bracket = text.find(']');
    const auto colon = text.find(':', text.starts_with('[') && bracket != text.npos ? bracket : 0);
    if (colon == text.npos || Address::parse(text)) {
        return Address::parse(text) && text.find(':') != text.npos
                   ? "the port is missing, and an IPv6 address stands in brackets, [ADDRESS]:PORT"
                   : "the port is missing";
    }
    auto address = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    if (address.starts_with('[')) {
        address = address.substr(1, address.size() - 2);
    }
    if (!Address::parse(address)) {
        return fmt::format("\"{}\" is no IP address", address);
    }
    const bool number =
        !port.empty() && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
    return number ? fmt::format("{} is no port from 0 to 65535", port)
                  : fmt::format("the port \"{}\" is no number", port);
}

}  // namespace lvslab::python
