// SPDX-License-Identifier: GPL-2.0-only
// The control socket: what is asked, what is answered, and what is refused.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "realmode/daemon/control_client.hpp"
#include "realmode/daemon/control_socket.hpp"
#include "realmode/daemon/lock_file.hpp"
#include "tests/unit/realmode_daemon/temporary_folder.hpp"

namespace lvslab::realmode {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ControlProtocol, ReadsWhatItWrites) {
    for (const auto command :
         {ControlCommand::status, ControlCommand::reload, ControlCommand::release,
          ControlCommand::stop, ControlCommand::watch}) {
        for (const bool keep : {false, true}) {
            const ControlRequest request{command, keep};
            const auto line = to_line(request);
            EXPECT_EQ(line.find('\n'), line.size() - 1);
            EXPECT_EQ(parse_request(line).value, request);
        }
    }
    ControlAnswer answer;
    answer.ok = false;
    answer.error = "the old configuration stays";
    answer.findings = {"lvs.cf:1:1: \"no\"\n", "second"};
    answer.status = R"({"b":1,"a":[2]})";
    answer.table = "two\nlines\n";
    const auto read = parse_answer(to_line(answer));
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->ok);
    EXPECT_EQ(read->error, answer.error);
    EXPECT_EQ(read->findings, answer.findings);
    EXPECT_EQ(read->status, answer.status);
    EXPECT_EQ(read->table, answer.table);
}

TEST(ControlProtocol, SaysWhatIsExpected) {
    EXPECT_THAT(parse_request("status").diagnostics.to_string(),
                HasSubstr(R"(no JSON object; expected a line like {"command":"status"})"));
    EXPECT_THAT(parse_request(R"({"command":"fly"})").diagnostics.to_string(),
                HasSubstr("no command is called \"fly\""));
    EXPECT_FALSE(parse_request(R"({"command":7})"));
    EXPECT_FALSE(parse_request("[]"));
    EXPECT_FALSE(parse_request(""));
}

/// A router's socket in a thread of its own, so that the client may wait.
class Control : public testing::Test {
protected:
    void SetUp() override {
        auto opened =
            ControlSocket::open(loop, path, [this](const auto& request, const auto& reply) {
                asked.push_back(request);
                if (request.command == ControlCommand::reload) {
                    later.push_back(reply);
                } else {
                    for (const auto& waits : std::exchange(later, {})) {
                        waits(answer);
                    }
                    reply(answer);
                }
            });
        ASSERT_TRUE(opened) << opened.diagnostics.to_string();
        socket = *std::move(opened.value);
        thread = std::thread([this] {
            const auto work = boost::asio::make_work_guard(loop);
            loop.run();
        });
    }
    void TearDown() override {
        loop.stop();
        thread.join();
    }

    ControlClient connect() {
        auto client = ControlClient::connect(path);
        EXPECT_TRUE(client) << client.diagnostics.to_string();
        return *std::move(client.value);
    }
    /// What comes back for these bytes, all of it if the router closes.
    std::string answer_to(const std::string& bytes) const {
        const int raw = send(bytes);
        std::string got;
        char c = 0;
        while (::recv(raw, &c, 1, 0) == 1 && c != '\n') {
            got += c;
        }
        ::close(raw);
        return got;
    }
    /// A connection over which these bytes went.
    int send(const std::string& bytes) const {
        const int raw = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        EXPECT_EQ(::connect(raw, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::send(raw, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
        return raw;
    }

    TemporaryFolder folder;
    std::string path = folder.path() + "/control.sock";
    EventLoop loop;
    std::unique_ptr<ControlSocket> socket;
    std::thread thread;
    std::vector<ControlRequest> asked;
    ControlAnswer answer;
    std::vector<ControlSocket::Reply>
        later;  ///< to each `reload`, given with the next other answer
};

TEST_F(Control, AnswersEachRequestOfAConnection) {
    answer.table = "a table\n";
    auto client = connect();
    EXPECT_EQ(client.ask({ControlCommand::status})->table, "a table\n");
    EXPECT_TRUE(client.ask({ControlCommand::stop, true})->ok);
    EXPECT_THAT(asked, ElementsAre(ControlRequest{ControlCommand::status},
                                   ControlRequest{ControlCommand::stop, true}));
}

TEST_F(Control, IsForItsOwnUserAlone) {
    struct stat file {};
    ASSERT_EQ(::stat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600U);
}

TEST_F(Control, AnswersGarbageWithAnErrorAndGoesOn) {
    EXPECT_THAT(answer_to("hello\n"), HasSubstr("no JSON object"));
    EXPECT_THAT(answer_to(std::string(8, '\0') + "\n"), HasSubstr("\"ok\":false"));
    EXPECT_TRUE(connect().ask({ControlCommand::status})->ok);
}

TEST_F(Control, RefusesARequestThatDoesNotEnd) {
    EXPECT_THAT(answer_to(std::string(longest_request, 'x')), HasSubstr("longer than 4096 bytes"));
    EXPECT_TRUE(asked.empty());
}

TEST_F(Control, GivesWatchersEveryLine) {
    auto client = connect();
    ASSERT_TRUE(client.ask({ControlCommand::watch})->ok);
    boost::asio::post(loop, [this] {
        socket->tell("{\"event\":1}");
        socket->tell("{\"event\":2}");
    });
    EXPECT_EQ(client.read_line(), "{\"event\":1}");
    EXPECT_EQ(client.read_line(), "{\"event\":2}");
}

TEST_F(Control, LetsAWatcherGoThatDoesNotRead) {
    auto client = connect();
    ASSERT_TRUE(client.ask({ControlCommand::watch})->ok);
    const std::string line(1000, 'x');
    boost::asio::post(loop, [&] {
        for (int i = 0; i < 4000; ++i) {
            socket->tell(line);
        }
        EXPECT_FALSE(socket->watched());
    });
    int lines = 0;
    while (client.read_line()) {
        ++lines;
    }
    EXPECT_LT(lines, 4000);
}

TEST_F(Control, AnAnswerThatTakesLongKeepsNobodyElseWaiting) {
    answer.table = "a table\n";
    auto waits =
        std::async(std::launch::async, [this] { return connect().ask({ControlCommand::reload}); });
    ::close(send(to_line({ControlCommand::reload})));  // who does not wait for the answer
    auto other = connect();
    do {
        EXPECT_TRUE(other.ask({ControlCommand::status})->ok);
    } while (waits.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready);
    const auto answered = waits.get();
    ASSERT_TRUE(answered) << answered.diagnostics.to_string();
    EXPECT_EQ(answered->table, "a table\n");
}

TEST_F(Control, RefusesASecondRouterAtTheSameSocket) {
    const auto second = ControlSocket::open(loop, path, {});
    EXPECT_FALSE(second);
    EXPECT_THAT(second.diagnostics.to_string(), HasSubstr("another lvsrouter answers"));
    EXPECT_TRUE(connect().ask({ControlCommand::status})->ok);
}

TEST(ControlSocket, ReplacesOneThatADeadRouterLeft) {
    const TemporaryFolder folder;
    const auto path = folder.path() + "/control.sock";
    const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::close(dead);
    EventLoop loop;
    const auto opened = ControlSocket::open(loop, path, {});
    EXPECT_TRUE(opened) << opened.diagnostics.to_string();
}

TEST(ControlSocket, LeavesAFileAloneThatIsNoSocket) {
    const TemporaryFolder folder;
    const auto path = folder.path() + "/control.sock";
    std::ofstream(path) << "precious";
    EventLoop loop;
    const auto opened = ControlSocket::open(loop, path, {});
    EXPECT_FALSE(opened);
    EXPECT_THAT(opened.diagnostics.to_string(), HasSubstr("no control socket can be made there"));
    std::string text;
    std::ifstream(path) >> text;
    EXPECT_EQ(text, "precious");
}

TEST(ControlClient, SaysThatNobodyRuns) {
    const TemporaryFolder folder;
    const auto client = ControlClient::connect(folder.path() + "/none.sock");
    EXPECT_THAT(client.diagnostics.to_string(), HasSubstr("no lvsrouter runs here"));
}

TEST(LockFile, IsOneRoutersAtATime) {
    const TemporaryFolder folder;
    const auto file = folder.path() + "/lock";
    {
        const auto first = LockFile::take(file);
        ASSERT_TRUE(first) << first.diagnostics.to_string();
        const auto second = LockFile::take(file);
        EXPECT_FALSE(second);
        EXPECT_THAT(
            second.diagnostics.to_string(),
            HasSubstr("another lvsrouter runs here (process " + std::to_string(::getpid()) + ")"));
    }
    EXPECT_TRUE(LockFile::take(file)) << "free when its holder is gone";
}

TEST(LockFile, SaysWhatIsWrongWithItsFolder) {
    const TemporaryFolder folder;
    std::ofstream(folder.path() + "/file") << "";
    EXPECT_THAT(make_folder(folder.path() + "/file").to_string(), HasSubstr("is no folder"));
    EXPECT_TRUE(make_folder(folder.path() + "/a/b").empty());
    EXPECT_THAT(LockFile::take(folder.path() + "/none/lock").diagnostics.to_string(),
                HasSubstr("cannot be opened"));
}

}  // namespace
}  // namespace lvslab::realmode
