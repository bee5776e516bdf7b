// SPDX-License-Identifier: GPL-2.0-only
/// How core's values look in Python: times as seconds, addresses and endpoints as text, ports,
/// weights and marks as whole numbers. Every source of the module includes this before it binds
/// anything, so that each value looks the same everywhere. The way in is bindings/arguments.hpp.
#pragma once

#include <cmath>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "core/base/time.hpp"

namespace lvslab::python {

namespace py = pybind11;

/// Seconds (a number) or a datetime.timedelta, exact to the nanosecond. Nothing if it is neither.
/// Throws ValueError for what is negative, not finite or beyond 292 years.
std::optional<Duration> duration_of(pybind11::handle value);
/// The nearest double; `never` and beyond is infinity.
double seconds_of(Time t);

}  // namespace lvslab::python

namespace pybind11::detail {

template <>
struct type_caster<lvslab::Duration> {
    PYBIND11_TYPE_CASTER(lvslab::Duration, const_name("float | datetime.timedelta"));
    bool load(handle, bool) { return false; }
    static handle cast(lvslab::Duration d, return_value_policy, handle) {
        return PyFloat_FromDouble(lvslab::to_seconds(d));
    }
};

template <>
struct type_caster<lvslab::Time> {
    PYBIND11_TYPE_CASTER(lvslab::Time, const_name("float | datetime.timedelta"));
    bool load(handle, bool) { return false; }
    static handle cast(lvslab::Time t, return_value_policy, handle) {
        return PyFloat_FromDouble(lvslab::python::seconds_of(t));
    }
};

template <>
struct type_caster<lvslab::Address> {
    PYBIND11_TYPE_CASTER(lvslab::Address, const_name("str"));
    bool load(handle source, bool) {
        if (!isinstance<str>(source)) {
            return false;
        }
        const auto text = source.cast<std::string>();
        const auto read = lvslab::Address::parse(text);
        if (!read) {
            throw value_error(fmt::format("\"{}\" is no IP address", text));
        }
        value = *read;
        return true;
    }
    static handle cast(const lvslab::Address& a, return_value_policy, handle) {
        return str(a.to_string()).release();
    }
};

template <>
struct type_caster<lvslab::Endpoint> {
    PYBIND11_TYPE_CASTER(lvslab::Endpoint, const_name("str"));
    bool load(handle, bool) { return false; }
    static handle cast(const lvslab::Endpoint& e, return_value_policy, handle) {
        return str(e.to_string()).release();
    }
};

template <>
struct type_caster<lvslab::Network> {
    PYBIND11_TYPE_CASTER(lvslab::Network, const_name("str"));
    bool load(handle, bool) { return false; }
    static handle cast(const lvslab::Network& n, return_value_policy, handle) {
        return str(n.to_string()).release();
    }
};

template <class Tag, class Rep>
struct type_caster<lvslab::Quantity<Tag, Rep>> {
    using Value = lvslab::Quantity<Tag, Rep>;
    PYBIND11_TYPE_CASTER(Value, const_name("int"));
    bool load(handle, bool) { return false; }
    static handle cast(Value v, return_value_policy, handle) { return int_(v.value()).release(); }
};

template <>
struct type_caster<lvslab::Protocol> {
    PYBIND11_TYPE_CASTER(lvslab::Protocol, const_name("str"));
    bool load(handle, bool) { return false; }
    static handle cast(lvslab::Protocol p, return_value_policy, handle) {
        return str(std::string(lvslab::to_string(p))).release();
    }
};

}  // namespace pybind11::detail
