// SPDX-License-Identifier: GPL-2.0-only
// Sentences of `expect:` and moments: what is read, and what is said of what cannot be read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "core/journal/expectation.hpp"
#include "core/journal/moment.hpp"

using namespace lvslab;
using namespace lvslab::journal;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

const KnownNames names{
    .servers = {"web1", "web2"},
    .routers = {"lvs1", "lvs2"},
    .workloads = {"shop", "mail"},
    .data_servers = {"nfs"},
    .clients = {"office"},
    .services = {"http"},
    .schedulers = {"rr", "wlc"},
};
const SourceLocation place{"s.yaml", 7, 5};

Expectation read(std::string_view text) {
    const auto result = parse_expectation(text, place, names);
    EXPECT_TRUE(result) << result.diagnostics.to_string();
    return result ? *result : Expectation{};
}

std::string errors(std::string_view text) {
    const auto result = parse_expectation(text, place, names);
    EXPECT_FALSE(result) << text;
    return result.diagnostics.to_string();
}

Moment moment(std::string_view text) {
    const auto result = parse_moment(text, place, names);
    EXPECT_TRUE(result) << result.diagnostics.to_string();
    return result ? *result : Moment{};
}

}  // namespace

TEST(ExpectationText, EverySentenceOfTheDocumentsIsRead) {
    for (const auto* text : {
             "takeover <= 6.2s over all seeds",
             "takeover max over 20 seeds <= 6.2s",
             "p99 over 200 seeds of takeover <= 6.2s",
             "connections to web1 == 0 from 5s after its crash until it is put back",
             "refused == 0 from 50s",
             "refused of shop == 0",
             "p99(response time of shop) <= 400ms with wlc",
             "active routers <= 1 from 1s after the cut is healed",
             "active routers == 1 from 20s",
             "outage of shop <= 7s",
             "survived connections >= 90%",
             "broken sessions == 0",
             "stale responses == 0",
             "role changes == 0",
             "share of web1 between 40% and 60%",
             "new connections to dead servers == 0 from 12s after crash of web2",
             "served >= 99%",
             "failed data requests of nfs == 0",
             "sync'd connections > 100 until takeover",
             "heartbeats sent of lvs1 >= 10",
             "time of takeover >= 33s",
             "time from crash of lvs1 to addresses are announced <= 12s",
             "owners of 192.168.26.10 <= 1 from 30s",
             "throughput of shop >= 100Mbps",
             "response rate >= 120/s from 5s until 20s",
             "max(active routers) == 2",
             "router bytes per response byte <= 1.1",
             "connections to removed servers == 0",
             "takeover<=6.2s",
         }) {
        EXPECT_EQ(read(text).text, text);
    }
}

TEST(ExpectationText, QuantitySubjectAggregatesAndBoundAreTold) {
    const auto p99 = read("p99 over 200 seeds of takeover <= 6.2s");
    EXPECT_EQ(p99.quantity, QuantityId::takeover);
    EXPECT_EQ(p99.of_runs, (Aggregate{Aggregate::Kind::quantile, 0.99}));
    EXPECT_EQ(p99.repetitions, (Repetitions{Repetitions::Kind::number, 200}));
    EXPECT_EQ(p99.comparison, Comparison::at_most);
    EXPECT_DOUBLE_EQ(p99.low, 6.2);

    const auto response = read("p99.9(response time of shop) < 400ms with wlc");
    EXPECT_EQ(response.of_run.kind, Aggregate::Kind::quantile);
    EXPECT_DOUBLE_EQ(response.of_run.p, 0.999);
    EXPECT_EQ(response.subject, (Subject{Subjects::workload, "shop"}));
    EXPECT_EQ(response.scheduler, "wlc");

    const auto share = read("share of web1 between 40% and 60%");
    EXPECT_EQ(share.comparison, Comparison::between);
    EXPECT_DOUBLE_EQ(share.low, 0.4);
    EXPECT_DOUBLE_EQ(share.high, 0.6);

    EXPECT_TRUE(read("served >= 99%").as_share);
    EXPECT_FALSE(read("served >= 99").as_share);
    EXPECT_EQ(read("connections to dead servers == 0").subject.kind, Subjects::dead);
}

TEST(ExpectationText, WindowsAreTimesAndMomentsOfTheSubject) {
    const auto e = read("connections to web1 == 0 from 5s after its crash until it is put back");
    ASSERT_TRUE(e.from && e.until);
    EXPECT_EQ(e.from->offset, 5s);
    ASSERT_TRUE(e.from->after && e.until->after);
    EXPECT_EQ(e.from->after->kind, Moment::Kind::fault);
    EXPECT_EQ(e.from->after->fault, "crash");
    EXPECT_EQ(e.from->after->subject, "web1");
    EXPECT_EQ(e.until->after->kind, Moment::Kind::put_back);
    EXPECT_EQ(e.until->after->subject, "web1");

    const auto other = read("refused == 0 from 12s after crash of web2 until it is put back");
    EXPECT_EQ(other.until->after->subject, "web2");
    const auto timed = read("refused == 0 from 50s until 60s");
    EXPECT_FALSE(timed.from->after);
    EXPECT_EQ(timed.until->offset, 60s);
}

TEST(ExpectationText, ErrorsNameTheColumnAndWhatIsExpected) {
    const std::pair<const char*, const char*> wrong[] = {
        {"", "7:5: an expectation is empty"},
        {"takover <= 6s", "7:5: \"takover\" is no quantity; did you mean \"takeover\"?"},
        {"takeover", "7:13: no comparison; expected <=, <,"},
        {"takeover <=", "7:16: no value; expected a time with its unit"},
        {"takeover <= 6", "7:17: \"6\" is no value of takeover; expected a time with its unit"},
        {"takeover =< 6s", "7:14: \"=<\" is no comparison"},
        {"takeover <= 6s over seeds", "7:25: \"seeds\" is no number of seeds"},
        {"takeover <= 6s over 0 seeds", "7:25: \"0\" is no number of seeds"},
        {"takeover best over 3 seeds <= 6s", "7:14: \"best\" makes no one value of many"},
        {"refused of web1 == 0", "7:16: \"web1\" is no workload; known here: shop, mail"},
        {"refused of shopp == 0", "7:16: \"shopp\" is no workload; did you mean \"shop\"?"},
        {"refused to shop == 0", "7:13: expected \"of\" behind \"refused\", not \"to\""},
        {"share >= 40%", "7:11: expected \"of server\" behind \"share\""},
        {"share of web1 >= 40", "7:22: \"40\" is no value of share; expected a percentage"},
        {"share of web1 >= 140%", "7:22: \"140%\" is no value of share"},
        {"served >= 1.5",
         "7:15: \"1.5\" is no value of served; expected a whole number or a "
         "percentage"},
        {"refused == 0 after 5s", "7:18: \"after 5s\" is not understood here"},
        {"refused == 0 form 5s", "did you mean \"from\"?"},
        {"refused == 0 from 5", "7:23: \"5\" is no time with a unit"},
        {"refused == 0 from 5s before takeover", "7:26: expected \"after\" and a moment"},
        {"refused == 0 from its crash", "7:23: \"its\" has nothing to stand for here"},
        {"refused == 0 from crash of web3",
         "7:32: \"web3\" is no server, router or link of this "
         "scenario; did you mean \"web1\"?"},
        {"refused == 0 from 60s until 50s", "7:18: the window from 60s until 50s is empty"},
        {"refused == 0 from 1s from 2s", "7:26: \"from\" stands twice"},
        {"refused == 0 with wcl", "7:23: \"wcl\" is no scheduler; did you mean \"wlc\"?"},
        {"p99(refused) == 0", "7:5: \"refused\" is one value in a run"},
        {"takeover != 6s", "7:14: != needs one value"},
        {"share of web1 between 60% and 40%", "7:27: the first value is above the second"},
        {"share of web1 between 60%", "7:30: expected \"and\" and a second value"},
        {"router bytes per response byte <= 1.1 from 5s", "has no window"},
        {"takeovers of lvs1 == 1", "\"takeovers\" is not measured of something"},
    };
    for (const auto& [text, expected] : wrong) {
        EXPECT_THAT(errors(text), HasSubstr(expected)) << text;
    }
}

TEST(ExpectationText, AValueOfTwoWordsIsOneMistake) {
    for (const auto* text : {"takeover <= 6 seconds", "takeover <= 6 seconds from 5s",
                             "takeover between 4 seconds and 6s"}) {
        const auto told = errors(text);
        EXPECT_THAT(told, HasSubstr("is no value of takeover")) << text;
        EXPECT_EQ(std::ranges::count(told, '\n'), 1) << told;
    }
}

TEST(ExpectationText, AllErrorsOfASentenceAreToldAtOnce) {
    const auto told = errors("refused of shoop <= many from 5 with wcl");
    EXPECT_THAT(told, HasSubstr("shoop"));
    EXPECT_THAT(told, HasSubstr("\"5\" is no time"));
    EXPECT_THAT(told, HasSubstr("wcl"));
}

TEST(ExpectationText, AnyWordsGiveAnExpectationOrAnErrorWithAPlace) {
    static const std::vector<std::string> words{
        "takeover", "p99",     "(",    ")",     "response", "time",    "of",      "shop",
        "to",       "web1",    "<=",   "==",    "0",        "6s",      "over",    "all",
        "20",       "seeds",   "from", "until", "after",    "its",     "crash",   "it",
        "is",       "put",     "back", "with",  "wlc",      "between", "and",     "40%",
        "dead",     "servers", "max",  "lvs1",  "'s",       "<",       "becomes", "share"};
    EXPECT_TRUE(rc::check([] {
        std::string text;
        for (const auto& word :
             *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(words))) {
            text += word + " ";
        }
        const auto result = parse_expectation(text, place, names);
        RC_ASSERT(result.value.has_value() != result.diagnostics.has_errors());
        for (const auto& d : result.diagnostics.items()) {
            RC_ASSERT(d.location.line == 7U);
            RC_ASSERT(d.location.column >= 5U);
            RC_ASSERT(d.location.column <= 5U + text.size());
            RC_ASSERT(!d.message.empty());
        }
    }));
}

TEST(MomentText, OneMomentHasManyForms) {
    for (const auto* text : {"crash of web1", "web1 crashes", "web1's crash", "web1 is crashed",
                             "the crash of web1"}) {
        const auto m = moment(text);
        EXPECT_EQ(m.kind, Moment::Kind::fault) << text;
        EXPECT_EQ(m.fault, "crash") << text;
        EXPECT_EQ(m.subject, "web1") << text;
    }
    for (const auto* text : {"the cut is healed", "heal", "the heal"}) {
        const auto m = moment(text);
        EXPECT_EQ(m.fault, "heal") << text;
        EXPECT_EQ(m.subject, "") << text;
    }
    EXPECT_EQ(moment("cut of heartbeat private").subject, "heartbeat private");
    EXPECT_EQ(moment("crash of the active router").subject, "active router");
    EXPECT_EQ(moment("the active router crashes").subject, "active router");
    EXPECT_EQ(moment("lvs1 public is cut").subject, "lvs1 public");
}

TEST(MomentText, EveryKindIsRead) {
    EXPECT_EQ(moment("takeover").kind, Moment::Kind::takeover);
    EXPECT_EQ(moment("the takeover").kind, Moment::Kind::takeover);
    EXPECT_EQ(moment("web1 is taken out").kind, Moment::Kind::taken_out);
    EXPECT_EQ(moment("web1 is put back").kind, Moment::Kind::put_back);
    EXPECT_EQ(moment("lvs1 becomes active").kind, Moment::Kind::becomes_active);
    EXPECT_EQ(moment("lvs2 becomes inactive").kind, Moment::Kind::becomes_inactive);
    EXPECT_EQ(moment("addresses are announced").kind, Moment::Kind::announced);
    EXPECT_EQ(moment("fault 3").number, 3U);
    for (const auto& fault : fault_words()) {
        EXPECT_EQ(moment(std::string(fault.name) + " of lvs1").fault, fault.name);
    }
}

TEST(MomentText, ErrorsNameTheColumnAndWhatIsExpected) {
    const std::pair<const char*, const char*> wrong[] = {
        {"", "7:5: no moment is given"},
        {"when it rains", "7:5: \"when it rains\" is no moment"},
        {"web1 is taken off",
         "7:13: \"is taken off\" is nothing that happens; did you mean "
         "\"taken out\"?"},
        {"web3 is taken out", "7:5: \"web3\" is no server, router or link"},
        {"lvs1 is taken out", "7:5: \"lvs1\" is no server"},
        {"web1 becomes active", "7:5: \"web1\" is no router"},
        {"lvs1 becomes happy", "7:18: \"becomes happy\" is nothing that happens"},
        {"its crash", "7:5: \"its\" has nothing to stand for here"},
        {"takeover of lvs1", "7:14: \"of lvs1\" is more than a moment needs"},
        {"fault 0", "is no moment"},
    };
    for (const auto& [text, expected] : wrong) {
        const auto result = parse_moment(text, place, names);
        EXPECT_FALSE(result) << text;
        EXPECT_THAT(result.diagnostics.to_string(), HasSubstr(expected)) << text;
    }
}

TEST(Quantities, EachHasItsOwnNameAndRow) {
    std::set<std::string_view> seen;
    for (const auto& row : quantities()) {
        EXPECT_TRUE(seen.insert(row.name).second) << row.name;
        EXPECT_FALSE(row.meaning.empty());
        EXPECT_EQ(row.preposition.empty(), row.subjects == Subjects::none) << row.name;
        EXPECT_EQ(&quantity(row.id), &row);
    }
}

TEST(Quantities, AreListedInTheDocuments) {
    std::ifstream file(std::string(LVSLAB_SOURCE_DIR) + "/docs/expectations.md");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(text.ends_with("## Quantities\n\n" + quantities_markdown()))
        << "the chapter should be\n"
        << quantities_markdown();
}
