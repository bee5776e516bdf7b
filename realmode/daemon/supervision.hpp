// SPDX-License-Identifier: GPL-2.0-only
/// When a supervisor kills, cleans up after and restarts its daemon: pure.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/time.hpp"

namespace lvslab::realmode {

/// How a daemon is watched.
struct LifeSigns {
    Duration interval{};  ///< between two signs of life
    Duration limit{};     ///< silence that means death
    friend bool operator==(const LifeSigns&, const LifeSigns&) = default;
};

/// The partner takes over deadtime after the last heartbeat, which came keepalive before the last
/// sign of life at most: so the addresses have to be down deadtime - keepalive after that sign. Of
/// this time three quarters are silence and one quarter is for cleaning up; a sign comes each
/// quarter, and at least each second. Where deadtime is not above keepalive there is no such time,
/// roles flap anyway, and deadtime takes its place.
LifeSigns life_signs(Duration keepalive, Duration deadtime);

/// Why a dead daemon's addresses may be up beside the partner's, if deadtime is not above
/// keepalive.
std::optional<std::string> two_owners_risk(Duration keepalive, Duration deadtime);

/// Until the daemon has told its own: it holds nothing yet.
inline constexpr LifeSigns while_starting{std::chrono::seconds(1), std::chrono::seconds(30)};
/// After the first death; doubled at each that follows, up to the longest.
inline constexpr Duration first_pause = std::chrono::milliseconds(100);
inline constexpr Duration longest_pause = std::chrono::seconds(10);
/// Who has lived for so long begins with the first pause again.
inline constexpr Duration long_life = std::chrono::seconds(30);

// ---- events ----

struct SignOfLife {
    Time at{};  ///< by the daemon's own clock reading
};
/// The daemon has read a configuration: so it is watched from now on.
struct WatchedSo {
    LifeSigns signs;
};
struct BecameReady {};
/// The daemon is about to end in good order.
struct EndsInOrder {
    bool keep_services = false;
};
/// The process is gone.
struct DaemonEnded {
    bool killed = false;  ///< by a signal
    int status = 0;       ///< its number, or the exit code
};
/// The supervisor is asked to end (SIGTERM, SIGINT).
struct EndAsked {};
/// The time that next_deadline() gave has come. What the daemon has sent is to be handed in before.
struct DeadlineCame {};

using SupervisionEvent = std::variant<SignOfLife, WatchedSo, BecameReady, EndsInOrder, DaemonEnded,
                                      EndAsked, DeadlineCame>;

// ---- actions ----

struct StartDaemon {
    bool again = false;  ///< one was there before
    friend bool operator==(const StartDaemon&, const StartDaemon&) = default;
};
struct KillDaemon {
    friend bool operator==(const KillDaemon&, const KillDaemon&) = default;
};
/// SIGTERM: end in good order.
struct TerminateDaemon {
    friend bool operator==(const TerminateDaemon&, const TerminateDaemon&) = default;
};
/// Lower the addresses that the daemon held and take its services out.
struct CleanUp {
    bool keep_services = false;
    bool daemon_dies = false;  ///< it was killed and is not gone yet; a second order follows
    friend bool operator==(const CleanUp&, const CleanUp&) = default;
};
struct EndSupervisor {
    int exit_code = 0;
    friend bool operator==(const EndSupervisor&, const EndSupervisor&) = default;
};
struct SupervisorNote {
    std::string text;
    friend bool operator==(const SupervisorNote&, const SupervisorNote&) = default;
};

using SupervisionAction =
    std::variant<StartDaemon, KillDaemon, TerminateDaemon, CleanUp, EndSupervisor, SupervisorNote>;

/// (event, now) in, actions out. docs/real-mode.md tells what is promised.
class Supervision {
public:
    std::vector<SupervisionAction> begin(Time now);
    std::vector<SupervisionAction> step(const SupervisionEvent& event, Time now);
    Time next_deadline() const { return deadline_; }
    /// A daemon is there and was not killed.
    bool daemon_lives() const { return state_ == State::lives; }

private:
    enum class State { pauses, lives, killed, ended };

    void on(const SignOfLife& sign);
    void on(const WatchedSo& watched);
    void on(const BecameReady&);
    void on(const EndsInOrder& ends);
    void on(const DaemonEnded& ended);
    void on(const EndAsked&);
    void on(const DeadlineCame&);
    void start();
    void silence();
    void kill(std::string why);
    void end(int exit_code);

    State state_ = State::pauses;
    LifeSigns signs_ = while_starting;
    Time now_{};
    Time started_{};
    Time last_sign_{};
    Time deadline_ = never;
    bool was_late_ = false;  ///< the supervisor itself, since the last sign
    bool ready_once_ = false;
    bool end_asked_ = false;
    bool in_order_ = false;
    bool keep_services_ = false;
    bool again_ = false;
    Duration pause_ = first_pause;
    std::vector<SupervisionAction> actions_;
};

}  // namespace lvslab::realmode
