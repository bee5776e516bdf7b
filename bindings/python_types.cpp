// SPDX-License-Identifier: GPL-2.0-only
#include "bindings/python_types.hpp"

namespace lvslab::python {
namespace {

constexpr double most_seconds = 9.2e9;

Duration whole(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0 || seconds > most_seconds) {
        throw py::value_error(fmt::format("{} is no time: seconds from 0 on are wanted", seconds));
    }
    return Duration(std::llround(seconds * 1e9));
}

}  // namespace

std::optional<Duration> duration_of(py::handle value) {
    if (PyFloat_Check(value.ptr()) || (PyLong_Check(value.ptr()) && !PyBool_Check(value.ptr()))) {
        const double seconds = PyFloat_AsDouble(value.ptr());
        if (PyErr_Occurred() != nullptr) {
            throw py::error_already_set();
        }
        return whole(seconds);
    }
    if (py::isinstance(value, py::module_::import("datetime").attr("timedelta"))) {
        const auto days = value.attr("days").cast<std::int64_t>();
        if (days < 0 || days > 100'000) {
            return whole(static_cast<double>(days) * 86'400);
        }
        return std::chrono::hours(24 * days) +
               std::chrono::seconds(value.attr("seconds").cast<std::int64_t>()) +
               std::chrono::microseconds(value.attr("microseconds").cast<std::int64_t>());
    }
    // numpy's scalars and whatever else says that it is a number.
    if (py::hasattr(value, "__float__") && !PyBool_Check(value.ptr()) &&
        !py::isinstance<py::str>(value)) {
        return whole(value.attr("__float__")().cast<double>());
    }
    return std::nullopt;
}

double seconds_of(Time t) {
    return t == never ? std::numeric_limits<double>::infinity() : to_seconds(t);
}

}  // namespace lvslab::python
