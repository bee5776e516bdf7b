// SPDX-License-Identifier: GPL-2.0-only
/// A run's summary as files: summary.json and tables. Same events, same bytes.
#pragma once

#include <string>
#include <vector>

#include "core/journal/metrics.hpp"

namespace lvslab::journal {

/// summary.json (docs/journal.md tells its shape), ended by a newline.
std::string summary_json(const Summary& summary);

/// A table, ready to be written.
struct CsvFile {
    std::string name;  ///< "servers.csv"
    std::string text;
};

/// clients.csv, servers.csv, nodes.csv, load.csv, destinations.csv, response_times.csv, pool.csv,
/// routers.csv, takeovers.csv, checks.csv, data_servers.csv, links.csv, timeline.csv,
/// heartbeats.csv and refusals.csv.
std::vector<CsvFile> summary_tables(const Summary& summary);

}  // namespace lvslab::journal
