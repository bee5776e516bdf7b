// SPDX-License-Identifier: GPL-2.0-only
// Events never hold the loop up, wherever they go.
#include "realmode/daemon/event_sink.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/realmode_daemon/temporary_folder.hpp"

namespace lvslab::realmode {
namespace {

class EventSinkTest : public testing::Test {
protected:
    TemporaryFolder folder;
    EventLoop loop;
};

TEST_F(EventSinkTest, AFullDiskCostsOneAttemptALine) {
    auto sink = EventSink::open(loop, "/dev/full");
    ASSERT_TRUE(sink) << sink.diagnostics.to_string();
    for (int i = 0; i < 100; ++i) {
        (*sink)->write("{}");
        EXPECT_LE(loop.poll(), 1U);
        loop.restart();
    }
}

TEST_F(EventSinkTest, AReaderThatDoesNotReadIsNotWaitedFor) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    ASSERT_GE(::fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
    {
        auto sink = EventSink::open(loop, std::to_string(ends[1]));
        ASSERT_TRUE(sink) << sink.diagnostics.to_string();
        const std::string line(1000, 'x');
        for (int i = 0; i < 5000; ++i) {
            (*sink)->write(line);
            loop.poll();
        }
    }
    ::close(ends[1]);
    std::string text;
    std::array<char, 4096> bytes{};
    for (ssize_t n = 0; (n = ::read(ends[0], bytes.data(), bytes.size())) > 0;) {
        text.append(bytes.data(), static_cast<std::size_t>(n));
    }
    ::close(ends[0]);
    EXPECT_THAT(text, testing::StartsWith(std::string(1000, 'x') + '\n'));
    EXPECT_LE(text.size(), 8192U);
}

TEST_F(EventSinkTest, APipeThatNobodyReadsIsRefusedAtOnce) {
    const auto path = folder.path() + "/pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const auto sink = EventSink::open(loop, path);
    EXPECT_FALSE(sink);
    EXPECT_THAT(sink.diagnostics.to_string(), testing::HasSubstr("events cannot be written there"));
}

}  // namespace
}  // namespace lvslab::realmode
