// SPDX-License-Identifier: GPL-2.0-only
/// The client and the server of takeover.py, in the guest.
///   takeover_client serve PORT
///   takeover_client run VIP PORT NAMESPACE PHASE_US AFTER_MS PATIENCE_MS
/// `run` opens a connection every millisecond. After PHASE_US it ends all processes of the network
/// namespace NAMESPACE with SIGKILL and takes its eth0 and eth1 down; it goes on until AFTER_MS
/// after the first connection that was begun later than that succeeded. A line of JSON tells of it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <deque>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::microseconds;

constexpr auto interval = 1ms;
constexpr auto connect_limit = 50ms;

int checked(int result, const char* what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

long number(std::string_view text) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw std::invalid_argument(fmt::format("'{}' is no number", text));
    }
    return value;
}

sockaddr_in endpoint(const char* address, long port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::inet_pton(AF_INET, address, &out.sin_addr) != 1) {
        throw std::invalid_argument(fmt::format("'{}' is no address", address));
    }
    return out;
}

const sockaddr* generic(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

/// Accepts and keeps each connection until its client ends it.
[[noreturn]] void serve(long port) {
    const int listener = checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
    const auto address = endpoint("0.0.0.0", port);
    checked(::bind(listener, generic(address), sizeof address), "bind");
    checked(::listen(listener, 4096), "listen");
    const int events = checked(::epoll_create1(0), "epoll");
    const auto watch = [&](int socket) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
        checked(::epoll_ctl(events, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
    };
    watch(listener);
    for (;;) {
        epoll_event event{};
        if (::epoll_wait(events, &event, 1, -1) < 1) {
            continue;
        }
        if (event.data.fd != listener) {
            ::close(event.data.fd);
        } else if (const int socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
                   socket >= 0) {
            watch(socket);
        }
    }
}

/// A host that can be ended: found before, so that its end takes no time.
class Victim {
public:
    explicit Victim(const std::string& name) {
        const auto file = "/run/netns/" + name;
        struct stat wanted {};
        checked(::stat(file.c_str(), &wanted), file.c_str());
        for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
            struct stat its {};
            const auto process = entry.path().filename().string();
            if (process.find_first_not_of("0123456789") == std::string::npos &&
                ::stat((entry.path() / "ns/net").c_str(), &its) == 0 &&
                its.st_ino == wanted.st_ino) {
                processes_.push_back(static_cast<pid_t>(number(process)));
            }
        }
        if (processes_.empty()) {
            throw std::runtime_error(name + ": no process is there to be ended");
        }
        open_control(file);
    }

    /// With priority: none of them runs between the first signal and the last, which on one CPU it
    /// might, long enough to see its kin die and to leave in good order.
    void end() const {
        set_scheduling(SCHED_FIFO, 99);
        for (const auto process : processes_) {
            ::kill(process, SIGKILL);
        }
        for (const auto* link : {"eth0", "eth1"}) {
            ifreq request{};
            std::strncpy(request.ifr_name, link, IFNAMSIZ - 1);
            checked(::ioctl(control_, SIOCGIFFLAGS, &request), link);
            request.ifr_flags = static_cast<short>(request.ifr_flags & ~IFF_UP);
            checked(::ioctl(control_, SIOCSIFFLAGS, &request), link);
        }
        set_scheduling(SCHED_OTHER, 0);
    }

private:
    static void set_scheduling(int policy, int priority) {
        const sched_param parameter{.sched_priority = priority};
        checked(::sched_setscheduler(0, policy, &parameter), "scheduling");
    }

    /// A socket stays in the namespace where it was opened.
    void open_control(const std::string& file) {
        const int mine = checked(::open("/proc/self/ns/net", O_RDONLY), "own namespace");
        const int theirs = checked(::open(file.c_str(), O_RDONLY), file.c_str());
        checked(::setns(theirs, CLONE_NEWNET), "setns");
        control_ = checked(::socket(AF_INET, SOCK_DGRAM, 0), "socket");
        checked(::setns(mine, CLONE_NEWNET), "setns");
        ::close(mine);
        ::close(theirs);
    }

    std::vector<pid_t> processes_;
    int control_ = -1;
};

/// Hears the gratuitous ARPs of one address.
class Announcements {
public:
    explicit Announcements(in_addr address)
        : address_(address),
          socket_(checked(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, htons(ETHERTYPE_ARP)),
                          "packet socket")) {}

    int socket() const { return socket_; }
    const std::vector<Clock::time_point>& times() const { return times_; }

    void read() {
        ether_arp frame{};
        while (::recv(socket_, &frame, sizeof frame, 0) > 0) {
            if (std::memcmp(frame.arp_spa, &address_, sizeof address_) == 0 &&
                std::memcmp(frame.arp_tpa, &address_, sizeof address_) == 0) {
                times_.push_back(Clock::now());
            }
        }
    }

private:
    in_addr address_;
    int socket_;
    std::vector<Clock::time_point> times_;
};

/// What came of the connections.
struct Seen {
    std::optional<Clock::time_point> last_before, first_after, last_after;
    Clock::duration later_gap{};  ///< the longest between two successes after the outage
    int attempts = 0, refused = 0, unanswered = 0, refused_after = 0;
};

class Client {
public:
    Client(const sockaddr_in& to, const Victim& victim)
        : to_(to),
          victim_(victim),
          arps_(to.sin_addr),
          events_(checked(::epoll_create1(0), "epoll")) {
        watch(arps_.socket(), EPOLLIN);
    }

    /// False: no connection succeeded in time.
    bool run(Clock::duration phase, Clock::duration after, Clock::duration patience) {
        const auto begin = Clock::now();
        for (auto tick = begin;; tick += interval) {
            hear_until(tick);
            if (!failed_at_ && tick - begin >= phase) {
                fail();
            }
            give_up(Clock::now() - connect_limit);
            const auto now = Clock::now();
            if (seen_.first_after && now - *seen_.first_after >= after) {
                return seen_.last_before.has_value();
            }
            if (!seen_.first_after && now - begin >= phase + patience) {
                return false;
            }
            attempt();
        }
    }

    std::string report() const {
        std::vector<double> arps;
        for (const auto at : arps_.times()) {
            if (at >= *failed_at_) {
                arps.push_back(ms(at - *failed_at_));
            }
        }
        return fmt::format(
            R"({{"outage": {:.3f}, "served_after": {:.3f}, "failing_took": {:.3f}, "arps": [{:.3f}], )"
            R"("later_gap": {:.3f}, "attempts": {}, "refused": {}, "unanswered": {}, )"
            R"("refused_after": {}}})",
            ms(*seen_.first_after - *seen_.last_before), ms(*seen_.first_after - *failed_at_),
            ms(down_at_ - *failed_at_), fmt::join(arps, ", "), ms(seen_.later_gap), seen_.attempts,
            seen_.refused, seen_.unanswered, seen_.refused_after);
    }

private:
    struct Attempt {
        int socket;
        Clock::time_point begun;
    };

    static double ms(Clock::duration d) {
        return std::chrono::duration<double, std::milli>(d).count();
    }

    void watch(int socket, std::uint32_t events) const {
        epoll_event event{.events = events, .data = {.fd = socket}};
        checked(::epoll_ctl(events_, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
    }

    void fail() {
        failed_at_ = Clock::now();
        victim_.end();
        down_at_ = Clock::now();
    }

    void attempt() {
        ++seen_.attempts;
        const int socket = checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
        // Ended by a reset: no connection is left behind at either side.
        const linger abort{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
        open_.push_back({socket, Clock::now()});
        if (::connect(socket, generic(to_), sizeof to_) != 0 && errno != EINPROGRESS) {
            end(socket, errno);
            return;
        }
        watch(socket, EPOLLOUT);
    }

    /// Takes what happens until then.
    void hear_until(Clock::time_point then) {
        for (;;) {
            const auto left = std::max(then - Clock::now(), Clock::duration::zero());
            const timespec patience{.tv_sec = 0,
                                    .tv_nsec = std::min(left, Clock::duration(999ms)).count()};
            std::array<epoll_event, 64> events;
            const int n = ::epoll_pwait2(events_, events.data(), events.size(), &patience, nullptr);
            if (n <= 0 && Clock::now() >= then) {
                return;
            }
            for (int i = 0; i < n; ++i) {
                hear(events[static_cast<std::size_t>(i)].data.fd);
            }
        }
    }

    void hear(int socket) {
        if (socket == arps_.socket()) {
            arps_.read();
            return;
        }
        int error = 0;
        socklen_t length = sizeof error;
        ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
        end(socket, error);
    }

    void end(int socket, int error) {
        const auto it = std::ranges::find(open_, socket, &Attempt::socket);
        const auto begun = it->begun;
        open_.erase(it);
        ::close(socket);
        if (error == 0) {
            succeeded(begun, Clock::now());
        } else {
            ++seen_.refused;
            seen_.refused_after += seen_.first_after ? 1 : 0;
        }
    }

    /// One that was begun when the links were down already came through the other router.
    void succeeded(Clock::time_point begun, Clock::time_point now) {
        if (!failed_at_ || begun < down_at_) {
            seen_.last_before = now;
            return;
        }
        if (!seen_.first_after) {
            seen_.first_after = now;
        } else {
            seen_.later_gap = std::max(seen_.later_gap, now - *seen_.last_after);
        }
        seen_.last_after = now;
    }

    void give_up(Clock::time_point before) {
        while (!open_.empty() && open_.front().begun < before) {
            ::close(open_.front().socket);
            open_.pop_front();
            ++seen_.unanswered;
        }
    }

    sockaddr_in to_;
    const Victim& victim_;
    Announcements arps_;
    int events_;
    std::deque<Attempt> open_;
    std::optional<Clock::time_point> failed_at_;
    Clock::time_point down_at_;
    Seen seen_;
};

int run(std::span<char*> arguments) {
    const auto to = endpoint(arguments[0], number(arguments[1]));
    const Victim victim(arguments[2]);
    Client client(to, victim);
    if (!client.run(Microseconds(number(arguments[3])), Microseconds(1000 * number(arguments[4])),
                    Microseconds(1000 * number(arguments[5])))) {
        fmt::print(stderr,
                   "no connection succeeded before the failure, or none in time after it\n");
        return 1;
    }
    fmt::print("{}\n", client.report());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::span arguments(argv, static_cast<std::size_t>(argc));
    try {
        if (argc == 3 && std::string_view(argv[1]) == "serve") {
            serve(number(argv[2]));
        }
        if (argc == 8 && std::string_view(argv[1]) == "run") {
            return run(arguments.subspan(2));
        }
        fmt::print(stderr,
                   "usage: takeover_client serve PORT | run VIP PORT NAMESPACE PHASE_US "
                   "AFTER_MS PATIENCE_MS\n");
    } catch (const std::exception& error) {
        fmt::print(stderr, "takeover_client: {}\n", error.what());
    }
    return 2;
}
