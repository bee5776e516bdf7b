// SPDX-License-Identifier: GPL-2.0-only
/// `ipvs_programming [SERVICES [SERVERS [ROUNDS]]]`: how long the kernel's IPVS takes to be given a
/// table, by lvsrouter's way in and by `ipvsadm --restore`, in turns. Needs root, an empty IPVS
/// that nobody needs, and ipvsadm: run it in the guest (tests/bench/ipvs_programming.sh).
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "realmode/ipvs/kernel_ipvs.hpp"
#include "realmode/ipvs/owned_ipvs.hpp"

namespace {

using namespace lvslab;
using realmode::KernelIpvs;
using Changes = std::vector<ports::DataplaneChange>;

struct Cost {
    double wall = 0;  ///< ms
    double cpu = 0;   ///< ms, user and system
};

Endpoint service_endpoint(int number) {
    return {Address::v4(0x0AFF0001U + static_cast<std::uint32_t>(number / 60000)),
            Port{static_cast<std::uint16_t>(1 + number % 60000)}};
}
Endpoint server_endpoint(int number) {
    return {Address::v4(0x0A010001U + static_cast<std::uint32_t>(number)), Port{80}};
}

Changes table(int services, int servers) {
    Changes changes;
    for (int s = 0; s < services; ++s) {
        const ipvs::ServiceKey key{Protocol::tcp, service_endpoint(s), {}, Family::ipv4};
        changes.emplace_back(ports::AddService{key, {}});
        for (int d = 0; d < servers; ++d) {
            changes.emplace_back(ports::AddDestination{key, server_endpoint(d), {}});
        }
    }
    return changes;
}

std::string restore_text(int services, int servers) {
    std::string text;
    for (int s = 0; s < services; ++s) {
        const auto service = service_endpoint(s).to_string();
        text += fmt::format("-A -t {} -s wlc\n", service);
        for (int d = 0; d < servers; ++d) {
            text +=
                fmt::format("-a -t {} -r {} -m -w 1\n", service, server_endpoint(d).to_string());
        }
    }
    return text;
}

double cpu_ms(int who) {
    rusage used{};
    getrusage(who, &used);
    const auto ms = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
    };
    return ms(used.ru_utime) + ms(used.ru_stime);
}

Cost cost_of(int who, const std::function<void()>& action) {
    const auto cpu = cpu_ms(who);
    const auto begin = std::chrono::steady_clock::now();
    action();
    const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - begin;
    return {wall.count(), cpu_ms(who) - cpu};
}

void ipvsadm_restore(const std::string& file) {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, file.c_str(), O_RDONLY, 0);
    std::string program = "ipvsadm";
    std::string restore = "--restore";
    char* arguments[] = {program.data(), restore.data(), nullptr};
    pid_t child = 0;
    const int error = posix_spawnp(&child, "ipvsadm", &files, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&files);
    int status = 0;
    if (error != 0 || waitpid(child, &status, 0) != child || status != 0) {
        throw std::runtime_error("ipvsadm --restore failed");
    }
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void expect_all(realmode::ReadableDataplane& ipvs, int services, int servers) {
    const auto listed = ipvs.dump();
    if (!listed || std::ranges::ssize(listed->services) != services ||
        std::ranges::any_of(listed->services, [&](const auto& s) {
            return std::ranges::ssize(s.destinations) != servers;
        })) {
        throw std::runtime_error("the kernel has another table: " + listed.diagnostics.to_string());
    }
}

class Bench {
public:
    Bench(int services, int servers) : services_(services), servers_(servers) {
        auto opened = KernelIpvs::open();
        if (!opened) {
            throw std::runtime_error(opened.diagnostics.to_string());
        }
        kernel_ = std::move(*opened);
        std::ofstream(file("table")) << restore_text(services, servers);
        std::ofstream(file("nothing")) << "";
    }

    void run(int rounds) {
        for (int i = 0; i < rounds; ++i) {
            measure("lvsrouter, all in one go", RUSAGE_SELF, [&] { program_owned(); });
            measure("ipvsadm --restore", RUSAGE_CHILDREN, [&] { ipvsadm_restore(file("table")); });
            measure("one change at a time", RUSAGE_SELF, [&] { program_singly(); });
            costs_["ipvsadm --restore of nothing"].push_back(
                cost_of(RUSAGE_CHILDREN, [&] { ipvsadm_restore(file("nothing")); }));
        }
    }

    void print() {
        const auto base = medians("lvsrouter, all in one go");
        fmt::print("{} services, {} servers each; medians of {} rounds in turns\n", services_,
                   servers_, costs_.begin()->second.size());
        for (const auto& [way, costs] : costs_) {
            const auto m = medians(way);
            fmt::print("{:<30} {:9.2f} ms {:9.2f} ms CPU {:6.2f} x {:6.2f} x\n", way, m.wall, m.cpu,
                       m.wall / base.wall, m.cpu / base.cpu);
        }
    }

private:
    static std::string file(const std::string& name) {
        return (std::filesystem::temp_directory_path() / ("ipvs_programming_" + name)).string();
    }
    void measure(const std::string& way, int who, const std::function<void()>& action) {
        kernel_->clear();
        costs_[way].push_back(cost_of(who, action));
        expect_all(*kernel_, services_, servers_);
    }
    /// As the daemon does it: its claims are written before and after.
    void program_owned() {
        auto owned = realmode::OwnedIpvs::open(*kernel_, file("claims"), realmode::this_place(),
                                               [](const std::string& n) { std::cerr << n; });
        (*owned)->change(table(services_, servers_));
    }
    void program_singly() {
        for (const auto& change : table(services_, servers_)) {
            kernel_->change({&change, 1});
        }
    }
    Cost medians(const std::string& way) {
        std::vector<double> wall;
        std::vector<double> cpu;
        for (const auto& cost : costs_[way]) {
            wall.push_back(cost.wall);
            cpu.push_back(cost.cpu);
        }
        return {median(wall), median(cpu)};
    }

    int services_;
    int servers_;
    std::unique_ptr<KernelIpvs> kernel_;
    std::map<std::string, std::vector<Cost>> costs_;
};

}  // namespace

int main(int argc, char** argv) {
    const auto number = [&](int nth, int otherwise) {
        return argc > nth ? std::max(1, std::atoi(argv[nth])) : otherwise;
    };
    try {
        Bench bench(number(1, 1000), number(2, 10));
        bench.run(number(3, 9));
        bench.print();
    } catch (const std::exception& error) {
        fmt::print(stderr, "ipvs_programming: {}\n", error.what());
        return 1;
    }
    return 0;
}
