// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include <fmt/format.h>

#include "sim/cli/compare_output.hpp"

namespace lvslab::cli {
namespace {

/// Code points, which is what a terminal's columns are here ("±").
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

/// Rows of cells, the first column left, the others right.
class TextTable {
public:
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

    std::string text() const {
        std::vector<std::size_t> widths;
        for (const auto& row : rows_) {
            widths.resize(std::max(widths.size(), row.size()));
            for (std::size_t i = 0; i < row.size(); ++i) {
                widths[i] = std::max(widths[i], width(row[i]));
            }
        }
        std::string out;
        for (std::size_t r = 0; r < rows_.size(); ++r) {
            for (std::size_t i = 0; i < rows_[r].size(); ++i) {
                const auto& cell = rows_[r][i];
                const std::string space(widths[i] - width(cell), ' ');
                out += i == 0 ? cell + space : "  " + space + cell;
            }
            out += '\n';
        }
        return out;
    }

private:
    std::vector<std::vector<std::string>> rows_;
};

std::string count_cell(const std::optional<journal::Estimate>& e) {
    if (!e) {
        return "-";
    }
    return e->half_width && *e->half_width > 0
               ? fmt::format("{:.0f} ±{:.0f}", e->mean, *e->half_width)
               : fmt::format("{:.0f}", e->mean);
}

std::string time_cell(const std::optional<journal::Estimate>& e) {
    if (!e) {
        return "-";
    }
    const bool seconds = e->mean >= 0.9995;
    const double scale = seconds ? 1 : 1e3;
    const double mean = e->mean * scale;
    const int digits = mean < 10 ? 2 : mean < 100 ? 1 : 0;
    const auto plus_minus =
        e->half_width ? fmt::format(" ±{:.{}f}", *e->half_width * scale, digits) : "";
    return fmt::format("{:.{}f}{} {}", mean, digits, plus_minus, seconds ? "s " : "ms");
}

std::string ratio_cell(const std::optional<journal::Estimate>& e, double scale, int digits) {
    if (!e) {
        return "-";
    }
    return e->half_width ? fmt::format("{:.{}f} ±{:.{}f}", e->mean * scale, digits,
                                       *e->half_width * scale, digits)
                         : fmt::format("{:.{}f}", e->mean * scale, digits);
}

std::string scheduler_table(const Comparison& c) {
    // Columns of what never happened would only be in the way.
    std::vector<std::string_view> counts{"served", "refused", "timed_out"};
    for (const std::string_view rare : {"reset", "unfinished"}) {
        if (std::any_of(c.schedulers.begin(), c.schedulers.end(), [&](const auto& s) {
                const auto e = s.estimate(rare);
                return e && e->mean > 0;
            })) {
            counts.push_back(rare);
        }
    }
    const auto title = [](std::string_view name) {
        for (const auto& measure : measures()) {
            if (measure.name == name) {
                return std::string(measure.title);
            }
        }
        return std::string(name);
    };
    const std::string_view times[] = {"response_time_p50", "response_time_p95", "response_time_p99",
                                      "response_time_max"};
    TextTable table;
    std::vector<std::string> head{""};
    for (const auto name : counts) {
        head.push_back(title(name));
    }
    for (const auto name : times) {
        head.push_back(title(name) + "   ");
    }
    head.insert(head.end(), {"imbalance", "Jain", "utilisation %"});
    table.row(head);
    for (const auto& s : c.schedulers) {
        std::vector<std::string> row{s.name};
        for (const auto name : counts) {
            row.push_back(count_cell(s.estimate(name)));
        }
        for (const auto name : times) {
            row.push_back(time_cell(s.estimate(name)));
        }
        row.push_back(ratio_cell(s.estimate("imbalance"), 1, 2));
        row.push_back(ratio_cell(s.estimate("jain"), 1, 3));
        row.push_back(ratio_cell(s.estimate("utilisation"), 100, 1));
        table.row(row);
    }
    return table.text();
}

std::string share_table(const Comparison& c) {
    const auto& first = c.schedulers.front().runs.front().servers;
    constexpr std::size_t most_columns = 12;
    TextTable table;
    std::vector<std::string> head{"share of connections, %"}, weight{"(weight)"};
    const auto shown = std::min(first.size(), most_columns);
    for (std::size_t i = 0; i < shown; ++i) {
        head.push_back(first[i].name);
        weight.push_back(fmt::format("{:.1f}", 100 * first[i].weight_share));
    }
    table.row(head);
    table.row(weight);
    for (const auto& s : c.schedulers) {
        std::vector<std::string> row{s.name};
        for (std::size_t i = 0; i < shown; ++i) {
            std::vector<double> shares;
            for (const auto& run : s.runs) {
                shares.push_back(run.servers[i].share.value_or(0));
            }
            row.push_back(ratio_cell(journal::estimate(shares), 100, 1));
        }
        table.row(row);
    }
    return table.text() + (shown < first.size() ? fmt::format("({} more servers in servers.csv)\n",
                                                              first.size() - shown)
                                                : "");
}

std::string wrapped(const std::string& text, std::string_view indent) {
    constexpr std::size_t columns = 100;
    std::string out, line(indent);
    std::size_t begin = 0;
    while (begin < text.size()) {
        const auto end = std::min(text.find(' ', begin), text.size());
        const auto word = text.substr(begin, end - begin);
        if (width(line) + width(word) > columns && line.size() > indent.size()) {
            line.pop_back();
            out += line + '\n';
            line = indent;
        }
        line += word + ' ';
        begin = end + 1;
    }
    line.pop_back();
    return out + line + '\n';
}

std::string expectations_text(const Comparison& c) {
    std::string out;
    for (const auto& e : c.expectations) {
        out += fmt::format("  {} {}: {}: {} ({})\n", e.holds ? "holds" : "FAILS", e.scheduler,
                           e.text, e.value, e.over);
    }
    return out.empty() ? out : '\n' + out;
}

/// Runs that failed in the same way are told together.
std::string failures_text(const Comparison& c) {
    std::vector<std::pair<const JobResult*, std::string>> ways;
    for (const auto& failure : c.failures) {
        const auto same = std::find_if(ways.begin(), ways.end(), [&](const auto& way) {
            return way.first->how == failure.how && way.first->errors == failure.errors;
        });
        if (same == ways.end()) {
            ways.emplace_back(&failure, failure.job.name());
        } else {
            same->second += ", " + failure.job.name();
        }
    }
    std::string out;
    for (const auto& [failure, names] : ways) {
        out += '\n' + wrapped(fmt::format("Failed: {}: {}", names, failure->how), "");
        out += failure->errors;
        out += failure->errors.empty() || failure->errors.back() == '\n' ? "" : "\n";
    }
    return out;
}

}  // namespace

std::string comparison_text(const Comparison& c, const std::vector<Finding>& findings) {
    std::string out;
    if (!c.schedulers.empty()) {
        out += scheduler_table(c) + '\n' + share_table(c) + '\n';
    }
    for (const auto& finding : findings) {
        if (finding.kind != Finding::Kind::method) {
            out += wrapped(finding.text, "  ");
        }
    }
    return out + expectations_text(c) + failures_text(c);
}

}  // namespace lvslab::cli
