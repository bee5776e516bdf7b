// SPDX-License-Identifier: GPL-2.0-only
// Whatever stands in a scenario file, the reader answers with a scenario or with located errors.
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/scenario/plan.hpp"
#include "tests/unit/scenario/sources.hpp"

namespace lvslab::scenario {
namespace {

// Reads and, if that succeeds, draws a little of the plan.
void must_answer(const Sources& sources) {
    const auto result = read(sources);
    if (result) {
        RC_ASSERT(!result.diagnostics.has_errors());
        Plan plan(*result, 1);
        for (int i = 0; i < 20 && plan.next(); ++i) {
        }
        return;
    }
    RC_ASSERT(result.diagnostics.has_errors());
    for (const auto& d : result.diagnostics.items()) {
        RC_ASSERT(!d.location.file.empty());
        RC_ASSERT(!d.message.empty());
    }
}

std::size_t place_in(const std::string& text) {
    return *rc::gen::inRange<std::size_t>(0, text.size() + 1);
}

// Words that mean something to the format or to YAML.
const std::vector<std::string> fragments{"{",
                                         "}",
                                         "[",
                                         "]",
                                         ": ",
                                         ",",
                                         "- ",
                                         "\n",
                                         "\n\n  ",
                                         "\t",
                                         "\"",
                                         "'",
                                         "#",
                                         "|\n",
                                         ">",
                                         "&a ",
                                         "*a",
                                         "!t ",
                                         "---\n",
                                         "...\n",
                                         "~",
                                         "-1",
                                         "1e999",
                                         "nan",
                                         "0",
                                         "100%",
                                         "1s",
                                         "pareto {",
                                         "lognormal { mean: 1B",
                                         "on-off 1/s on 1s off 1s",
                                         "file arrivals.txt",
                                         "trace shop.trace",
                                         "faults:\n  - { at: 1s, crash: web1 }",
                                         "after: crash of web1",
                                         "for: 1s, every: 2s",
                                         "heartbeat private",
                                         "config: other.cf",
                                         "iptables: iptables",
                                         "at_boot: { sysctl: none }",
                                         "gateway: 10.11.12.254",
                                         "accept: [no-service]",
                                         "sessions: { ports: [80] }",
                                         "ftp: { mode: active }",
                                         "proxies: 3",
                                         "empirical",
                                         "exponential",
                                         "/32",
                                         "::1/128",
                                         "0.0.0.0/0",
                                         "255.255.255.255",
                                         "65536",
                                         "web1",
                                         "office",
                                         "<<: ",
                                         "? ",
                                         "\r\n",
                                         "\xC3\xA9",
                                         "%YAML 1.2\n---\n"};

RC_GTEST_PROP(MutatedScenario, NeverCrashesTheReader, ()) {
    auto sources = base_sources();
    auto& text = sources["base.yaml"];
    const int edits = *rc::gen::inRange(1, 6);
    for (int i = 0; i < edits; ++i) {
        const auto at = place_in(text);
        switch (*rc::gen::inRange(0, 5)) {
            case 0:
                text.erase(at, *rc::gen::inRange<std::size_t>(1, 40));
                break;
            case 1:
                text.insert(at, *rc::gen::elementOf(fragments));
                break;
            case 2:
                text.insert(at, 1, *rc::gen::arbitrary<char>());
                break;
            case 3: {
                const auto from = place_in(text);
                text.insert(at, text.substr(from, *rc::gen::inRange<std::size_t>(1, 60)));
                break;
            }
            default:
                text.replace(at, *rc::gen::inRange<std::size_t>(0, 12),
                             *rc::gen::elementOf(fragments));
        }
    }
    must_answer(sources);
}

RC_GTEST_PROP(MutatedScenario, NeverCrashesTheReaderWhenItsLvsCfIsMutated, ()) {
    auto sources = base_sources();
    auto& text = sources["base.cf"];
    const auto at = place_in(text);
    text.replace(at, *rc::gen::inRange<std::size_t>(0, 30),
                 *rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
    must_answer(sources);
}

RC_GTEST_PROP(MutatedScenario, NeverCrashesTheReaderWhenAHostsFilesAreMutated, ()) {
    auto sources = base_sources();
    replace(sources, "base.yaml", "private: 10.11.12.8/24 }",
            "private: 10.11.12.8/24, sysctl: sysctl.conf, iptables: iptables }");
    auto& text = sources[*rc::gen::element<std::string>("sysctl.conf", "iptables")];
    const auto at = place_in(text);
    text.replace(at, *rc::gen::inRange<std::size_t>(0, 30),
                 *rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
    must_answer(sources);
}

TEST(MutatedScenario, IsAnsweredAtEveryPlaceWhereItIsCutOff) {
    const auto whole = base_sources();
    for (std::size_t length = 0; length < whole.at("base.yaml").size(); length += 7) {
        auto sources = whole;
        sources["base.yaml"].resize(length);
        const auto result = read(sources);
        EXPECT_EQ(result.value.has_value(), !result.diagnostics.has_errors()) << length;
    }
}

}  // namespace
}  // namespace lvslab::scenario
