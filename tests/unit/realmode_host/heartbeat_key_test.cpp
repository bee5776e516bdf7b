// SPDX-License-Identifier: GPL-2.0-only
// The key file, the authenticated datagram byte by byte, and what counts as new.
#include "realmode/host/heartbeat_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "realmode/host/heartbeat_numbers.hpp"
#include "realmode/host/rare_note.hpp"

namespace lvslab::realmode {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Address address(std::string_view text) {
    return Address::parse(text).value();
}

class Folder : public testing::Test {
protected:
    Folder() {
        char name[] = "/tmp/heartbeat_key_XXXXXX";
        path = ::mkdtemp(name);
    }
    ~Folder() override { std::filesystem::remove_all(path); }

    std::string write(const std::string& name, const std::string& text, unsigned mode = 0600) {
        const auto file = (path / name).string();
        std::ofstream(file) << text;
        ::chmod(file.c_str(), mode);
        return file;
    }
    static std::string read(const std::string& file) {
        std::ostringstream out;
        out << std::ifstream(file).rdbuf();
        return out.str();
    }

    std::filesystem::path path;
};

HeartbeatKey key() {
    HeartbeatKey out;
    for (std::uint8_t i = 0; i < 32; ++i) {
        out.secret.push_back(i);
    }
    return out;
}
const HeartbeatWay way{address("10.0.0.9"), address("10.0.0.10")};

// ---- the datagram ----

// The authentication was computed by Python's hmac, not by this code.
TEST(SealedHeartbeat, IsWordNumberAndAuthentication) {
    const auto sealed =
        seal(key(), way, pulse::encode(pulse::Word::running), 0x0102030405060708ULL);
    EXPECT_THAT(sealed, ElementsAreArray(std::initializer_list<std::uint8_t>{
                            0xda, 0xdb, 0xad, 0xbd, 1,    2,    3,    4,    5,    6,    7,
                            8,    0x30, 0x29, 0xd2, 0xb3, 0x40, 0xe6, 0xcb, 0x87, 0x5d, 0xf8,
                            0x94, 0x7c, 0x35, 0x2a, 0x27, 0x68, 0xff, 0x55, 0xf1, 0xea, 0x48,
                            0x5c, 0xae, 0x24, 0x49, 0x07, 0xee, 0x53, 0x3d, 0x9e, 0x71, 0x9c}));
}

TEST(SealedHeartbeat, CoversIpv6Addresses) {
    const auto sealed = seal(key(), {address("2001:db8::9"), address("2001:db8::10")},
                             pulse::encode(pulse::Word::stopped), 1);
    EXPECT_THAT(sealed, ElementsAreArray(std::initializer_list<std::uint8_t>{
                            0xbd, 0xda, 0xbd, 0xad, 0,    0,    0,    0,    0,    0,    0,
                            1,    0x76, 0xd0, 0xdf, 0xdf, 0xcf, 0x99, 0xc1, 0xd5, 0x9d, 0x01,
                            0xcd, 0xdb, 0x20, 0x46, 0xb3, 0x2f, 0xe8, 0x2d, 0x33, 0x82, 0xd6,
                            0x7d, 0xee, 0xb9, 0x3f, 0x07, 0x4d, 0x54, 0xf0, 0x72, 0xd9, 0x3f}));
}

TEST(SealedHeartbeat, OpensToWhatWasSealed) {
    const auto word = pulse::encode(pulse::Word::stopped);
    EXPECT_EQ(open_sealed(key(), way, seal(key(), way, word, 42)), (OpenedHeartbeat{word, 42}));
}

TEST(SealedHeartbeat, WithAnyBitChangedDoesNotOpen) {
    const auto sealed = seal(key(), way, pulse::encode(pulse::Word::running), 7);
    for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
        auto forged = sealed;
        forged[bit / 8] = static_cast<std::uint8_t>(forged[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_EQ(open_sealed(key(), way, forged), std::nullopt) << "bit " << bit;
    }
}

TEST(SealedHeartbeat, OpensOnItsWayAloneAndWithItsKeyAlone) {
    const auto sealed = seal(key(), way, pulse::encode(pulse::Word::running), 7);
    auto other = key();
    other.secret.push_back(1);
    EXPECT_EQ(open_sealed(other, way, sealed), std::nullopt);
    EXPECT_EQ(open_sealed(key(), {way.to, way.from}, sealed), std::nullopt);
    EXPECT_EQ(open_sealed(key(), {way.from, address("192.168.10.10")}, sealed), std::nullopt);
}

TEST(SealedHeartbeat, OfAnotherLengthDoesNotOpen) {
    const auto sealed = seal(key(), way, pulse::encode(pulse::Word::running), 7);
    std::vector<std::uint8_t> bytes(sealed.begin(), sealed.end());
    bytes.push_back(0);
    EXPECT_EQ(open_sealed(key(), way, bytes), std::nullopt);
    for (std::size_t length = 0; length < sealed.size(); ++length) {
        EXPECT_EQ(open_sealed(key(), way, std::span(bytes).first(length)), std::nullopt);
    }
}

// ---- the key file ----

class KeyFile : public Folder {};

TEST_F(KeyFile, IsItsBytesWithoutWhiteSpaceAtTheEnd) {
    const auto read = read_heartbeat_key(write("key", "0123456789abcdef \n\n"));
    ASSERT_TRUE(read);
    const std::string_view expected = "0123456789abcdef";
    EXPECT_THAT(read->secret, ElementsAreArray(expected));
}

TEST_F(KeyFile, ThatOthersMayUseIsRefused) {
    for (const unsigned mode : {0604U, 0640U, 0620U, 0601U}) {
        const auto file = write("key", "0123456789abcdef", mode);
        const auto read = read_heartbeat_key(file);
        EXPECT_FALSE(read);
        EXPECT_THAT(read.diagnostics.to_string(),
                    HasSubstr(file + ": heartbeat key: others than its owner may use the key"));
        std::filesystem::remove(file);
    }
    EXPECT_TRUE(read_heartbeat_key(write("key", "0123456789abcdef", 0400)));
}

TEST_F(KeyFile, ThatIsTooShortOrTooLongIsRefused) {
    EXPECT_THAT(read_heartbeat_key(write("short", "0123456789abcde\n")).diagnostics.to_string(),
                HasSubstr("15 bytes; expected 16 to 1024"));
    EXPECT_TRUE(read_heartbeat_key(write("long", std::string(1024, 'x') + "\n")));
    EXPECT_THAT(read_heartbeat_key(write("longer", std::string(9999, 'x'))).diagnostics.to_string(),
                HasSubstr("more than 1024 bytes; expected 16 to 1024"));
}

TEST_F(KeyFile, ThatIsNoFileIsRefused) {
    EXPECT_THAT(read_heartbeat_key((path / "none").string()).diagnostics.to_string(),
                HasSubstr("No such file"));
    EXPECT_THAT(read_heartbeat_key(path.string()).diagnostics.to_string(), HasSubstr("plain file"));
}

// ---- the numbers ----

class Numbers : public Folder {
protected:
    std::unique_ptr<HeartbeatNumbers> start(const std::string& name = "numbers") {
        return std::make_unique<HeartbeatNumbers>(
            (path / name).string(), [this] { return clock; },
            [this](std::string text) { notes.push_back(std::move(text)); });
    }

    HeartbeatNumber clock = 1'000'000'000'000;
    std::vector<std::string> notes;
};

TEST_F(Numbers, FollowTheClockAndNeverStandStill) {
    const auto numbers = start();
    EXPECT_EQ(numbers->next(), clock);
    EXPECT_EQ(numbers->next(), clock + 1);
    clock += 5'000;
    EXPECT_EQ(numbers->next(), clock);
}

TEST_F(Numbers, DoNotGoBackWithTheClock) {
    const auto numbers = start();
    const auto before = numbers->next();
    clock = 5;
    EXPECT_EQ(numbers->next(), before + 1);
}

TEST_F(Numbers, DoNotGoBackWithARestartWhateverTheClockSays) {
    auto numbers = start();
    HeartbeatNumber before = 0;
    for (int i = 0; i < 100; ++i) {
        clock += HeartbeatNumbers::reserve / 7;
        before = numbers->next();
    }
    clock = 5;
    numbers = start();
    EXPECT_GT(numbers->next(), before);
}

TEST_F(Numbers, ThatWereHeardBeforeAreRefusedEachAddressForItself) {
    const auto numbers = start();
    const auto one = address("10.0.0.10");
    const auto other = address("2001:db8::10");
    EXPECT_TRUE(numbers->accept(one, 10));
    EXPECT_FALSE(numbers->accept(one, 10));
    EXPECT_FALSE(numbers->accept(one, 9));
    EXPECT_TRUE(numbers->accept(other, 9));
    EXPECT_TRUE(numbers->accept(one, 11));
    EXPECT_FALSE(numbers->accept(other, 0));
    EXPECT_EQ(numbers->highest(one), 11U);
    EXPECT_EQ(numbers->highest(address("10.0.0.11")), 0U);
}

TEST_F(Numbers, ThatWereHeardBeforeARestartAreRefusedAfterIt) {
    const auto one = address("10.0.0.10");
    const auto other = address("2001:db8::10");
    auto numbers = start();
    EXPECT_TRUE(numbers->accept(other, 5));
    EXPECT_TRUE(numbers->accept(one, 10));
    numbers->next();
    numbers = start();
    EXPECT_FALSE(numbers->accept(one, 10));
    EXPECT_FALSE(numbers->accept(other, 5));
    EXPECT_TRUE(numbers->accept(one, 11));
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(Numbers, AreLinesOfAlwaysTheSameLength) {
    const auto numbers = start();
    numbers->next();
    numbers->accept(address("10.0.0.10"), 7);
    EXPECT_EQ(read((path / "numbers").string()),
              "sent 00000001060000000000\nheard 10.0.0.10 00000000000000000007\n");
}

TEST_F(Numbers, OfAFileThatCannotBeMadeHoldForTheProcess) {
    const auto numbers = start("no/such/folder");
    EXPECT_THAT(notes, ElementsAre(HasSubstr("No such file or directory")));
    EXPECT_EQ(numbers->next(), clock);
    EXPECT_EQ(numbers->next(), clock + 1);
    EXPECT_TRUE(numbers->accept(address("10.0.0.10"), 7));
    EXPECT_FALSE(numbers->accept(address("10.0.0.10"), 7));
    EXPECT_THAT(notes, SizeIs(1));
}

TEST_F(Numbers, OfAFileThatHoldsSomethingElseAreReadAsFarAsTheyGo) {
    write("numbers",
          "sent 00000000000000000009\nrubbish\nheard 10.0.0.300 5\nheard 10.0.0.10 "
          "00000000000000000007\nsent 99999999999999999999999");
    auto numbers = start();
    EXPECT_THAT(notes, SizeIs(3));
    EXPECT_FALSE(numbers->accept(address("10.0.0.10"), 7));
    clock = 1;
    EXPECT_EQ(numbers->next(), 10U);
    notes.clear();
    numbers = start();
    EXPECT_THAT(notes, IsEmpty());
}

// ---- lines that others can provoke ----

TEST(RareNote, IsDueAtOnceAndThenOnceAMinute) {
    using namespace std::chrono_literals;
    const auto start = RareNote::Clock::time_point{} + 1h;
    RareNote note;
    EXPECT_EQ(note.happened(start), 1U);
    EXPECT_EQ(note.happened(start), std::nullopt);
    EXPECT_EQ(note.happened(start + 59s), std::nullopt);
    EXPECT_EQ(note.happened(start + 60s), 3U);
    EXPECT_EQ(note.happened(start + 61s), std::nullopt);
    EXPECT_EQ(note.happened(start + 10min), 2U);
    EXPECT_EQ(note.total(), 6U);
}

}  // namespace
}  // namespace lvslab::realmode
