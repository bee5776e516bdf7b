// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/diagnostic.hpp"

#include <string>

#include <pybind11/stl.h>

#include "bindings/choices.hpp"
#include "bindings/parts.hpp"
#include "bindings/python_types.hpp"

namespace lvslab::python {
namespace {

const Choice<Severity> severities{
    "severity",
    {{"error", Severity::error}, {"warning", Severity::warning}, {"note", Severity::note}}};

/// A message may quote bytes of the user's that are no UTF-8.
py::str shown(const std::string& text) {
    return py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(
        text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
}

}  // namespace

void bind_diagnostics(py::module_& m) {
    py::class_<Diagnostic>(m, "Diagnostic",
                           "One finding in a file: where, what was found, what was expected.")
        .def(py::init([](const std::string& severity, std::string file, unsigned line,
                         unsigned column, std::string message) {
                 return Diagnostic{severities.value_of(severity),
                                   {std::move(file), line, column},
                                   std::move(message)};
             }),
             py::arg("severity"), py::arg("file"), py::arg("line"), py::arg("column"),
             py::arg("message"))
        .def_property_readonly(
            "file", [](const Diagnostic& d) { return d.location.file; },
            "The file's name as it was given (str).")
        .def_property_readonly(
            "line", [](const Diagnostic& d) { return d.location.line; },
            "Line, from 1; 0 = the file as a whole.")
        .def_property_readonly(
            "column", [](const Diagnostic& d) { return d.location.column; },
            "Column in bytes, from 1; 0 = the line as a whole.")
        .def_property_readonly(
            "severity", [](const Diagnostic& d) { return severities.name_of(d.severity); },
            "\"error\", \"warning\" or \"note\".")
        .def_property_readonly(
            "message", [](const Diagnostic& d) { return shown(d.message); }, "What is wrong (str).")
        .def("__str__", [](const Diagnostic& d) { return shown(d.to_string()); })
        .def("__repr__",
             [](const Diagnostic& d) { return shown("<lvslab.Diagnostic " + d.to_string() + ">"); })
        .def("__eq__", [](const Diagnostic& a, const Diagnostic& b) { return a == b; })
        .def(py::pickle(
            [](const Diagnostic& d) {
                return py::make_tuple(static_cast<int>(d.severity), d.location.file,
                                      d.location.line, d.location.column, d.message);
            },
            [](const py::tuple& t) {
                return Diagnostic{
                    static_cast<Severity>(t[0].cast<int>()),
                    {t[1].cast<std::string>(), t[2].cast<unsigned>(), t[3].cast<unsigned>()},
                    t[4].cast<std::string>()};
            }));
}

}  // namespace lvslab::python
