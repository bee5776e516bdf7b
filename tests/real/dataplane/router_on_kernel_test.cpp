// SPDX-License-Identifier: GPL-2.0-only
// A router's services on the running kernel: what a reload and a restart change there.
#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "realmode/ipvs/owned_ipvs.hpp"
#include "tests/real/dataplane/kernel_world.hpp"
#include "tests/unit/router/fake_world.hpp"

namespace lvslab {
namespace {

using namespace std::chrono_literals;
using router::FakeMachine;
using router::ServerState;
using router::ServiceDaemon;
using router::VirtualTime;

std::string server_block(int number, int weight) {
    return fmt::format(
        "  server web{0} {{\n    address = 10.1.0.{0}\n    active = 1\n    weight = {1}\n  }}\n",
        number, weight);
}

/// lvs.cf with `services` services of `servers` real servers each; the first has this weight.
config::LvsConfig configuration(int services, int servers, int first_weight = 1) {
    std::string text = "primary = 10.254.0.1\nbackup_active = 0\nnetwork = direct\nservice = lvs\n";
    for (int s = 0; s < services; ++s) {
        text += fmt::format(
            "virtual service{} {{\n  active = 1\n  address = 10.255.0.1 eth0:1\n  port = {}\n"
            "  scheduler = rr\n",
            s, 80 + s);
        for (int d = 1; d <= servers; ++d) {
            text += server_block(d, s == 0 && d == 1 ? first_weight : 1);
        }
        text += "}\n";
    }
    return router::read_config(text);
}

/// A router whose dataplane is the kernel, and whose other ports are played.
class RouterOnKernel {
public:
    RouterOnKernel(KernelWorld& world, const std::filesystem::path& file)
        : machine_(time, servers, Address::v4(0x0AFE0001U)), world_(world) {
        auto opened = realmode::OwnedIpvs::open(world.kernel(), file, realmode::this_place(),
                                                [](const std::string& note) { FAIL() << note; });
        EXPECT_TRUE(opened) << opened.diagnostics.to_string();
        owned = std::move(*opened);
        daemon = std::make_unique<ServiceDaemon>(ports::Ports{machine_, *owned, machine_, machine_,
                                                              machine_, machine_, machine_,
                                                              machine_, machine_, machine_});
    }
    /// Until each server has been probed once.
    void start(const config::LvsConfig& config) {
        daemon->start(config, {.found = owned->found()});
        time.run_until(time.now() + 1s);
    }
    std::uint64_t messages_of(const std::function<void()>& action) {
        const auto before = world_.kernel().socket().messages_sent();
        action();
        return world_.kernel().socket().messages_sent() - before;
    }

    VirtualTime time;
    std::map<Address, ServerState> servers;

private:
    FakeMachine machine_;
    KernelWorld& world_;

public:
    std::unique_ptr<realmode::OwnedIpvs> owned;
    std::unique_ptr<ServiceDaemon> daemon;
};

class RouterOnKernelTest : public testing::Test {
protected:
    RouterOnKernelTest()
        : file(std::filesystem::temp_directory_path() /
               fmt::format("services_{}", static_cast<int>(getpid()))) {
        std::filesystem::remove(file);
    }
    ~RouterOnKernelTest() override { std::filesystem::remove(file); }

    std::filesystem::path file;
    KernelWorld world;
};

TEST_F(RouterOnKernelTest, AReloadThatChangesOneWeightSendsOneMessage) {
    RouterOnKernel router(world, file);
    router.start(configuration(50, 10));
    EXPECT_EQ(world.kernel().dump()->services.size(), 50U);
    EXPECT_EQ(router.messages_of([&] { router.daemon->reload(configuration(50, 10, 5)); }), 1U);
    EXPECT_EQ(router.messages_of([&] { router.daemon->reload(configuration(50, 10, 5)); }), 0U);
}

TEST_F(RouterOnKernelTest, ARestartKeepsEveryConnectionAndChangesOnlyWhatDiffers) {
    const ipvs::ServiceKey http{Protocol::tcp, *Endpoint::parse("10.255.0.1:80"), {}, Family::ipv4};
    const ipvs::ServiceKey others{
        Protocol::tcp, *Endpoint::parse("10.255.0.1:9"), {}, Family::ipv4};
    world.kernel().add_service(others, {});
    const auto connect = [&](std::uint16_t port) {
        return world.open_connection(Protocol::tcp, {Address::v4(0x0A020001U), Port{port}},
                                     http.endpoint);
    };
    std::map<std::uint16_t, std::optional<Endpoint>> went;
    {
        RouterOnKernel router(world, file);
        router.start(configuration(2, 3));
        for (std::uint16_t port = 2000; port < 2006; ++port) {
            went[port] = connect(port);
            EXPECT_TRUE(went[port]);
        }
    }  // gone, with nothing said to the kernel
    RouterOnKernel router(world, file);
    const auto changes = router.messages_of([&] {
        const auto found = router.owned->found();
        router.daemon->start(configuration(1, 3, 4), {.found = found});
    });
    // Three services and the servers of each are listed; one service goes, with its three servers.
    // The new weight is risen to, from where it was.
    EXPECT_EQ(changes, 4U + 4U);
    for (const auto& [port, server] : went) {
        EXPECT_EQ(connect(port), server) << port;
    }
    const auto table = world.kernel().dump();
    EXPECT_EQ(table->services.size(), 2U);
    std::uint32_t connections = 0;
    for (const auto& d : realmode::find_service(*table, http)->destinations) {
        connections += d.active + d.inactive;
    }
    EXPECT_EQ(connections, went.size());
    router.daemon->stop();
    ASSERT_EQ(world.kernel().dump()->services.size(), 1U);
    EXPECT_EQ(world.kernel().dump()->services[0].key, others);
}

}  // namespace
}  // namespace lvslab
