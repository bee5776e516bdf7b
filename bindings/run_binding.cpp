// SPDX-License-Identifier: GPL-2.0-only
// What a run leaves in Python: its journal as arrays.
#include <pybind11/numpy.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/parts.hpp"
#include "bindings/python_types.hpp"
#include "bindings/run_record.hpp"
#include "core/ipvs/schedulers.hpp"
#include "core/journal/reader.hpp"

namespace lvslab::python {
namespace {

using Record = std::shared_ptr<RunRecord>;

/// numpy's view of a column, which keeps the record alive and cannot be written to.
template <class Number>
py::array view(const Record& owner, const std::vector<Number>& column) {
    py::array array(py::dtype::of<Number>(), {column.size()}, {sizeof(Number)}, column.data(),
                    py::cast(owner));
    array.attr("setflags")(py::arg("write") = false);
    return array;
}

py::dict connections_of(const Record& r) {
    const auto& c = r->connections();
    py::dict columns;
    columns["connection"] = view(r, c.number);
    columns["arrival"] = view(r, c.arrival);
    columns["duration"] = view(r, c.duration);
    columns["workload"] = view(r, c.workload);
    columns["server"] = view(r, c.server);
    columns["outcome"] = view(r, c.outcome);
    return columns;
}

py::dict responses_of(const Record& r) {
    const auto& c = r->responses();
    py::dict columns;
    columns["connection"] = view(r, c.connection);
    columns["request"] = view(r, c.request);
    columns["time"] = view(r, c.time);
    columns["response_time"] = view(r, c.response_time);
    columns["workload"] = view(r, c.workload);
    columns["server"] = view(r, c.server);
    columns["bytes"] = view(r, c.bytes);
    return columns;
}

py::dict checks_of(const Record& r) {
    const auto& c = r->checks();
    py::dict columns;
    columns["time"] = view(r, c.time);
    columns["duration"] = view(r, c.duration);
    columns["router"] = view(r, c.router);
    columns["service"] = view(r, c.service);
    columns["server"] = view(r, c.server);
    columns["up"] = view(r, c.up);
    return columns;
}

py::dict roles_of(const Record& r) {
    const auto& c = r->roles();
    py::dict columns;
    columns["time"] = view(r, c.time);
    columns["router"] = view(r, c.router);
    columns["active"] = view(r, c.active);
    columns["reason"] = c.reason;
    return columns;
}

/// The lists that the indices count.
py::dict names_of(const Record& r) {
    const auto& run = r->run();
    py::dict names;
    names["server"] = run.servers;
    names["workload"] = run.workloads;
    names["service"] = run.services;
    names["router"] = run.routers;
    return names;
}

Record read_journal(const std::string& path, bool rows) {
    const auto record = std::make_shared<RunRecord>(rows);
    const py::gil_scoped_release others_run;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               std::fclose);
    if (!file) {
        throw std::runtime_error(path + " cannot be read");
    }
    journal::Reader reader([&](char* buffer, std::size_t capacity) {
        return std::fread(buffer, 1, capacity, file.get());
    });
    while (const auto event = reader.next()) {
        record->take(*event);
    }
    if (reader.error()) {
        throw std::runtime_error(reader.error()->to_string(path));
    }
    return record;
}

}  // namespace

void bind_run(py::module_& m) {
    py::class_<RunRecord, Record>(m, "RunRecord", "What a run leaves; lvslab.Result shows it.")
        .def_property_readonly("connections", &connections_of)
        .def_property_readonly("responses", &responses_of)
        .def_property_readonly("checks", &checks_of)
        .def_property_readonly("roles", &roles_of)
        .def_property_readonly("names", &names_of);
    m.def("read_journal", &read_journal, py::arg("path"), py::arg("rows"),
          "RunRecord of a journal.lvsj; RuntimeError if it is damaged.");
    m.def(
        "schedulers",
        [] {
            std::vector<std::string> names;
            for (const auto& entry : ipvs::scheduler_table()) {
                names.emplace_back(entry.name);
            }
            return names;
        },
        "[str, ...]");
}

}  // namespace lvslab::python
