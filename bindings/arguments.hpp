// SPDX-License-Identifier: GPL-2.0-only
/// What a call from Python was given. Wrong values are lvslab.InputErrors with everything that is
/// wrong in one call, not pybind11's list of signatures.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/choices.hpp"
#include "bindings/python_types.hpp"
#include "core/base/diagnostic.hpp"

namespace lvslab::python {

/// How a message shows a value: `"text"`, `80 (int)`, `None`. Long ones are cut.
std::string shown(py::handle given);
/// The text of a str. Nothing if it is none, or no UTF-8 (lone surrogates).
std::optional<std::string> text_of(py::handle given);

/// A whole number that fits. Numpy's are some too, True and 1.0 are none.
template <std::integral Whole>
std::optional<Whole> whole_of(py::handle given) {
    if (PyBool_Check(given.ptr()) || PyIndex_Check(given.ptr()) == 0) {
        return std::nullopt;
    }
    const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(given.ptr()));
    if (index) {
        if constexpr (std::unsigned_integral<Whole>) {
            const auto number = PyLong_AsUnsignedLongLong(index.ptr());
            if (PyErr_Occurred() == nullptr && std::in_range<Whole>(number)) {
                return static_cast<Whole>(number);
            }
        } else {
            const auto number = PyLong_AsLongLong(index.ptr());
            if (PyErr_Occurred() == nullptr && std::in_range<Whole>(number)) {
                return static_cast<Whole>(number);
            }
        }
    }
    PyErr_Clear();
    return std::nullopt;
}

/// Reads the arguments of one call, each under its name. What cannot be read counts as a value of
/// no meaning until check() tells it.
class Arguments {
public:
    /// `call`: "add_service"; its findings are those of `add_service.weight` and so on.
    explicit Arguments(std::string call) : call_(std::move(call)) {}

    /// Throws lvslab.InputError if anything was wrong so far.
    void check() const;
    /// One more finding: `add_service.NAME: WHAT`.
    void wrong(const std::string& name, const std::string& what);
    /// What was given beyond the arguments that there are is a TypeError, as of any function of
    /// Python's. `known`: those that have to be named.
    void no_more(const py::args& unnamed, const py::kwargs& named,
                 const std::vector<std::string_view>& known) const;

    template <std::integral Whole>
    Whole whole(const char* name, const py::object& given,
                Whole least = std::numeric_limits<Whole>::min(),
                Whole most = std::numeric_limits<Whole>::max()) {
        const auto number = whole_of<Whole>(given);
        if (!number || *number < least || *number > most) {
            wrong(name,
                  fmt::format("{} is no whole number from {} to {}", shown(given), least, most));
            return {};
        }
        return *number;
    }
    template <class Enum>
    Enum choice(const char* name, const py::object& given, const Choice<Enum>& choices) {
        const auto word = text_of(given);
        const auto value = word ? choices.find(*word) : std::nullopt;
        if (!value) {
            wrong(name,
                  fmt::format("{} is no {} ({})", shown(given), choices.what, choices.words()));
        }
        return value.value_or(Enum{});
    }
    bool truth(const char* name, const py::object& given);
    std::string text(const char* name, const py::object& given, const char* what);
    Duration time(const char* name, const py::object& given);
    Address address(const char* name, const py::object& given);
    Endpoint endpoint(const char* name, const py::object& given);
    Protocol protocol(const char* name, const py::object& given);
    Weight weight(const char* name, const py::object& given);
    Fwmark mark(const char* name, const py::object& given);

private:
    std::string call_;
    Diagnostics findings_;
};

/// Why a text is no endpoint: "the port is missing". `text` is none.
std::string why_no_endpoint(std::string_view text);

/// Raises one of the package's exceptions, made of these: `raise("PluginError", message)`.
template <class... Made>
[[noreturn]] void raise(const char* exception, const Made&... of) {
    const auto type = py::module_::import("lvslab.errors").attr(exception);
    PyErr_SetObject(type.ptr(), type(of...).ptr());
    throw py::error_already_set();
}

}  // namespace lvslab::python
