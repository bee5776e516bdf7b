// SPDX-License-Identifier: GPL-2.0-only
/// Two routers in network namespaces of their own, on a public and a private network with this
/// process; two real servers that this process plays.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "realmode/host/route_socket.hpp"
#include "realmode/ipvs/kernel_ipvs.hpp"

namespace lvslab::realmode {

/// One of the machines that lvs.cf names.
class RouterMachine {
public:
    explicit RouterMachine(int index);
    ~RouterMachine();
    RouterMachine(const RouterMachine&) = delete;
    RouterMachine& operator=(const RouterMachine&) = delete;

    /// Where the next start writes its log; log() reads the file that it is without this.
    void log_to(std::string path) { log_to_ = std::move(path); }
    /// `lvsrouter run` with the machine's own lvs.cf.
    void start(const std::vector<std::string>& more = {});
    /// Another command of lvsrouter's here: its exit code.
    int command(const std::vector<std::string>& arguments, std::string* output = nullptr) const;
    nlohmann::json status() const;
    void write_lvs_cf(const std::string& text) const;
    std::string log() const;

    pid_t supervisor() const { return supervisor_; }
    /// The supervisor's child; nothing between two of them.
    std::optional<pid_t> daemon() const;
    /// Both processes, SIGKILL: neither sees the other's end.
    void kill_both() const;
    /// Waits for its end: its exit code, or nothing if a signal ended it.
    std::optional<int> wait();

    /// Another program has this port of UDP here from now on.
    void occupy(const Endpoint& endpoint);

    bool has_vip();
    IpvsTable table();
    /// All of this machine's, as an administrator has it.
    KernelIpvs& ipvs() { return *ipvs_; }
    const std::string& folder() const { return folder_; }

private:
    pid_t spawn(const std::vector<std::string>& arguments, const std::string& output) const;

    int index_;
    std::string name_, folder_, log_to_;
    int namespace_;
    std::unique_ptr<RouteSocket> route_;
    std::unique_ptr<KernelIpvs> ipvs_;
    pid_t supervisor_ = -1;
    int occupier_ = -1;
};

/// keepalive 200 ms, deadtime 800 ms: a takeover within 0.8 s, a hung daemon's addresses down
/// within 0.6 s of its last sign of life.
class TwoRouters : public testing::Test {
protected:
    static constexpr auto keepalive = std::chrono::milliseconds(200);
    static constexpr auto deadtime = std::chrono::milliseconds(800);

    TwoRouters();
    ~TwoRouters() override;
    static std::string lvs_cf(int second_weight = 1);

    /// The first is active, its two servers in.
    void begin();
    /// Looks each millisecond until it is so; false after a minute. Counts the time during
    /// which both had the VIP.
    bool until(const std::function<bool()>& it_is_so);
    void pass(std::chrono::nanoseconds time);
    bool serves(int router);
    /// A moment from 0 up to `most`, another each time, the same in each run.
    std::chrono::nanoseconds some(std::chrono::nanoseconds most);

    std::array<std::unique_ptr<RouterMachine>, 2> routers;
    std::chrono::nanoseconds both_had_vip{};

private:
    std::uint64_t draws_ = 7;
    std::array<pid_t, 2> servers_{};
};

}  // namespace lvslab::realmode
