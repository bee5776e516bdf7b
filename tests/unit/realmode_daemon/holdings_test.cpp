// SPDX-License-Identifier: GPL-2.0-only
// What a router notes before it acts, and what the next one reads after any death.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "realmode/daemon/holdings_record.hpp"
#include "realmode/daemon/recorded_ports.hpp"
#include "tests/unit/realmode_daemon/temporary_folder.hpp"

namespace lvslab::realmode {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Address address(std::string_view text) {
    return Address::parse(text).value();
}

HoldingsChange any_change() {
    const bool held = *rc::gen::weightedElement<bool>({{3, true}, {1, false}});
    const auto number = *rc::gen::inRange<std::uint32_t>(0, 6);
    if (*rc::gen::inRange(0, 3) == 0) {
        return {held, HeldSync{}};
    }
    return {held, Address::v4(0x0A000000 + number)};
}

RC_GTEST_PROP(Holdings, AreReadBackFromTheirLinesWhereverTheWriterWasKilled, ()) {
    std::string lines;
    std::vector<std::pair<std::size_t, Holdings>> written{{0, {}}};
    Holdings holdings;
    const auto count = *rc::gen::inRange(0, 20);
    for (int i = 0; i < count; ++i) {
        const auto change = any_change();
        apply(holdings, change);
        lines += to_line(change) + '\n';
        written.emplace_back(lines.size(), holdings);
    }
    RC_ASSERT(read_holdings(lines) == holdings);
    RC_ASSERT(read_holdings(to_lines(holdings)) == holdings);
    const auto cut = *rc::gen::inRange<std::size_t>(0, lines.size() + 1);
    auto last = written.front();
    for (const auto& whole : written) {
        // A line that lacks nothing but its newline counts: its writer may have acted.
        if (whole.first == 0 || whole.first - 1 <= cut) {
            last = whole;
        }
    }
    RC_ASSERT(read_holdings(std::string_view(lines).substr(0, cut)) == last.second);
}

TEST(Holdings, PassOverWhatIsNoLineOfTheirs) {
    EXPECT_EQ(read_holdings("garbage\n{\"held\":true}\n{\"held\":1,\"address\":\"10.0.0.1\"}\n"
                            "{\"held\":true,\"address\":\"ten\"}\n\n[]\n"),
              Holdings{});
}

class RecordFile : public testing::Test {
protected:
    HoldingsRecord open() {
        return {file, [this](const HoldingsChange& c) { told.push_back(c); },
                [this](std::string text) { notes.push_back(std::move(text)); }};
    }
    Holdings on_disk() const { return read_holdings(read_record(file)); }

    TemporaryFolder folder;
    std::string file = folder.path() + "/holdings.jsonl";
    std::vector<HoldingsChange> told;
    std::vector<std::string> notes;
};

TEST_F(RecordFile, HasAChangeAsSoonAsItIsMade) {
    auto record = open();
    record.change({true, address("10.0.0.1")});
    EXPECT_THAT(on_disk().addresses, ElementsAre(address("10.0.0.1")));
    record.change({false, address("10.0.0.1")});
    EXPECT_TRUE(on_disk().empty());
}

TEST_F(RecordFile, TellsTheSupervisorOfWhatMakesADifferenceOnly) {
    auto record = open();
    record.change({true, address("10.0.0.1")});
    record.change({true, address("10.0.0.1")});
    record.change({false, address("10.0.0.2")});
    EXPECT_THAT(told, ElementsAre(HoldingsChange{true, address("10.0.0.1")}));
}

TEST_F(RecordFile, IsTheNextProcesssToo) {
    {
        auto record = open();
        record.change({true, address("10.0.0.1")});
        record.change({true, HeldSync{}});
    }
    const auto record = open();
    EXPECT_THAT(record.holdings().addresses, ElementsAre(address("10.0.0.1")));
    EXPECT_TRUE(record.holdings().sync);
}

TEST_F(RecordFile, StaysSmallHoweverOftenServersComeAndGo) {
    auto record = open();
    for (int i = 0; i < 20'000; ++i) {
        record.change({i % 2 == 0, address("10.0.0.1")});
    }
    record.change({true, address("10.0.0.2")});
    EXPECT_LT(std::filesystem::file_size(file), 600'000U);
    EXPECT_THAT(on_disk().addresses, ElementsAre(address("10.0.0.2")));
}

TEST_F(RecordFile, ThatCannotBeWrittenIsOneNoteAndTheSupervisorStillKnows) {
    file = folder.path() + "/no-such-folder/holdings.jsonl";
    auto record = open();
    record.change({true, address("10.0.0.1")});
    record.change({true, address("10.0.0.2")});
    EXPECT_EQ(notes.size(), 1U);
    EXPECT_EQ(told.size(), 2U);
    EXPECT_EQ(record.holdings().addresses.size(), 2U);
}

/// A host that looks into the record whenever something is asked of it.
class LookingHost final : public ports::AddressOwner, public ports::SyncChannel {
public:
    explicit LookingHost(std::string file) : file_(std::move(file)) {}

    void raise(const ports::FloatingAddress& raised) override {
        EXPECT_TRUE(record().addresses.contains(raised.address)) << "raised before it was noted";
        ++asked;
    }
    void lower(const Address& lowered) override {
        EXPECT_TRUE(record().addresses.contains(lowered)) << "out of the record while it was up";
        ++asked;
    }
    void announce(const Address&) override {}
    void start(pulse::SyncRole, const std::string&, std::uint8_t) override {
        EXPECT_TRUE(record().sync) << "started before it was noted";
        ++asked;
    }
    void stop() override {
        EXPECT_TRUE(record().sync) << "out of the record before it was stopped";
        ++asked;
    }

    int asked = 0;

private:
    Holdings record() const { return read_holdings(read_record(file_)); }
    std::string file_;
};

TEST_F(RecordFile, IsWrittenBeforeAPortActsAndStruckOutAfterwards) {
    auto record = open();
    LookingHost host{file};
    RecordedAddresses addresses{host, record};
    RecordedSync sync{host, record};
    addresses.raise({address("10.0.0.1"), "eth0:1", {}});
    sync.start(pulse::SyncRole::master, "eth0", 1);
    EXPECT_EQ(on_disk(), (Holdings{{address("10.0.0.1")}, true}));
    addresses.lower(address("10.0.0.1"));
    sync.stop();
    EXPECT_TRUE(on_disk().empty());
    EXPECT_EQ(host.asked, 4);
}

}  // namespace
}  // namespace lvslab::realmode
