// SPDX-License-Identifier: GPL-2.0-only
// The dataplane suite on the running kernel, and what only a kernel can show.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "tests/real/dataplane/dataplane_suite.hpp"
#include "tests/real/dataplane/kernel_world.hpp"

namespace lvslab {

std::vector<DataplaneWorldMaker> dataplane_worlds() {
    return {{"Kernel", [] { return std::make_unique<KernelWorld>(); }}};
}

namespace {

using ipvs::ControlResult;
using realmode::KernelIpvs;
using realmode::SyncDaemon;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

ipvs::ServiceKey service(std::uint16_t port) {
    return {Protocol::tcp, {Address::v4(0x0AFF0001U), Port{port}}, {}, Family::ipv4};
}
Endpoint server(std::uint32_t number) {
    return {Address::v4(0x0A010000U + number), Port{80}};
}

/// `services` services with `servers` real servers each.
std::vector<ports::DataplaneChange> table(std::uint16_t services, std::uint32_t servers) {
    std::vector<ports::DataplaneChange> changes;
    for (std::uint16_t s = 1; s <= services; ++s) {
        changes.emplace_back(ports::AddService{service(s), {}});
        for (std::uint32_t d = 1; d <= servers; ++d) {
            changes.emplace_back(ports::AddDestination{service(s), server(d), {}});
        }
    }
    return changes;
}

TEST(KernelIpvs, SaysWhichVersionItIs) {
    KernelWorld world;
    const auto info = world.kernel().info();
    ASSERT_TRUE(info) << info.diagnostics.to_string();
    EXPECT_EQ(info->version_text(), "1.2.1");
    EXPECT_GE(info->table_size, 256U);
}

TEST(KernelIpvs, SetsTheTimeoutsThatAreGivenAndKeepsTheOthers) {
    KernelWorld world;
    EXPECT_EQ(world.kernel().timeouts().value, (ipvs::Timeouts{900s, 120s, 300s}));
    world.kernel().set_timeouts({.tcp = 1000s, .udp = 1500ms});
    EXPECT_EQ(world.kernel().timeouts().value, (ipvs::Timeouts{1000s, 120s, 2s}));
    EXPECT_EQ(world.notes(), "");
}

TEST(KernelIpvs, RunsOneSyncDaemonInOneRole) {
    KernelWorld world;
    auto& kernel = world.kernel();
    kernel.stop();  // none runs: no error
    EXPECT_THAT(*kernel.sync_daemons(), IsEmpty());
    kernel.start(pulse::SyncRole::backup, "lab0", 3);
    EXPECT_THAT(*kernel.sync_daemons(),
                ElementsAre(SyncDaemon{pulse::SyncRole::backup, "lab0", 3}));
    kernel.start(pulse::SyncRole::master, "lab0", 255);
    EXPECT_THAT(*kernel.sync_daemons(),
                ElementsAre(SyncDaemon{pulse::SyncRole::master, "lab0", 255}));
    kernel.stop();
    EXPECT_THAT(*kernel.sync_daemons(), IsEmpty());
    EXPECT_EQ(world.notes(), "");
}

// kthread_stop answers EINTR then, and netlink says nothing at all to such a request.
TEST(KernelIpvs, StopsASyncDaemonThatHasNotRunYet) {
    KernelWorld world;
    auto& kernel = world.kernel();
    for (int i = 0; i < 50; ++i) {
        kernel.start(i % 2 == 0 ? pulse::SyncRole::backup : pulse::SyncRole::master, "lab0", 3);
        kernel.stop();
        ASSERT_THAT(*kernel.sync_daemons(), IsEmpty());
    }
    EXPECT_EQ(world.notes(), "");
}

TEST(KernelIpvs, NotesASyncInterfaceThatIsNotThere) {
    KernelWorld world;
    world.kernel().start(pulse::SyncRole::backup, "eth77", 3);
    EXPECT_EQ(world.notes(), "IPVS: cannot start the sync daemon on eth77: No such device\n");
}

TEST(KernelIpvs, SendsAMessageForEachChangeAndNoMore) {
    KernelWorld world;
    auto& kernel = world.kernel();
    const auto before = kernel.socket().messages_sent();
    kernel.change(table(20, 10));
    EXPECT_EQ(kernel.socket().messages_sent() - before, 220U);
}

TEST(KernelIpvs, TakesAThousandServicesInOneGo) {
    KernelWorld world;
    const auto results = world.kernel().change(table(1000, 10));
    EXPECT_EQ(std::ranges::count(results, ControlResult::ok), 11000);
    EXPECT_EQ(world.notes().substr(0, 300), "");
    const auto listed = world.kernel().dump();
    ASSERT_TRUE(listed) << listed.diagnostics.to_string();
    EXPECT_EQ(listed->services.size(), 1000U);
    EXPECT_TRUE(std::ranges::all_of(listed->services,
                                    [](const auto& s) { return s.destinations.size() == 10; }));
}

TEST(KernelIpvs, AFullBufferLosesNoAnswer) {
    KernelWorld world({.receive_buffer = 1});  // the kernel gives the least that it can
    auto& kernel = world.kernel();
    EXPECT_EQ(kernel.add_service(service(1), {}), ControlResult::ok);
    std::vector<ports::DataplaneChange> changes;
    for (std::uint32_t d = 1; d <= 100; ++d) {  // each is refused: it has no such server
        changes.emplace_back(ports::RemoveDestination{service(2), server(d)});
        changes.emplace_back(ports::EditDestination{service(1), server(d), {}});
        changes.emplace_back(ports::AddDestination{service(1), server(1000 + d), {}});
    }
    changes.emplace_back(ports::AddDestination{service(1), server(1001), {.weight = Weight{2}}});
    const auto results = kernel.change(changes);
    EXPECT_GE(kernel.socket().overruns(), 1U);
    EXPECT_EQ(std::ranges::count(results, ControlResult::no_such_destination), 100);
    EXPECT_EQ(results.back(), ControlResult::exists);
    for (std::size_t i = 2; i < 300; i += 3) {
        EXPECT_EQ(results[i], ControlResult::ok);
    }
    const auto listed = kernel.dump();
    ASSERT_TRUE(listed);
    EXPECT_EQ(listed->services.at(0).destinations.size(), 100U);
}

/// What `body` finds in a process of its own that has given something up.
template <class Body>
std::string in_a_child(Body body) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        const std::string text = body();
        const auto written = write(ends[1], text.data(), text.size());
        _exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    close(ends[1]);
    std::string text;
    char buffer[256];
    for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(got));
    }
    close(ends[0]);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    return text;
}

TEST(KernelIpvs, SaysWhatIsMissingWithoutPermission) {
    const auto said = in_a_child([]() -> std::string {
        if (setgid(65534) != 0 || setuid(65534) != 0) {
            return "cannot give up being root";
        }
        return KernelIpvs::open().diagnostics.to_string();
    });
    EXPECT_EQ(said,
              "IPVS: cannot list its version: not permitted: it takes CAP_NET_ADMIN in the "
              "kernel's first user namespace\n");
}

}  // namespace
}  // namespace lvslab
