// SPDX-License-Identifier: GPL-2.0-only
/// Two routers and the channel between them, as a queue of events in the order of their times.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/pulse/pulse.hpp"

namespace lvslab::pulse {

enum class Node { primary, backup };

constexpr std::size_t index_of(Node node) {
    return node == Node::primary ? 0 : 1;
}
constexpr Node other(Node node) {
    return node == Node::primary ? Node::backup : Node::primary;
}

/// One datagram on its way.
struct Sending {
    Node from = Node::primary;
    Path path = Path::public_net;
    Time at{};
};

/// When a datagram arrives; nothing if it is lost. Asked once for each, in the order of sending.
using Channel = std::function<std::optional<Duration>(const Sending&)>;

/// Whoever follows what the nodes take and do, as it happens.
class Observer {
public:
    virtual ~Observer() = default;
    virtual void takes(Node, const Event&, Time) {}
    virtual void does(Node, const Action&, Time) {}
    virtual void crashes(Node, Time) {}
};

/// Who was active since when.
struct Moment {
    Time at{};
    bool primary = false, backup = false;
    int count() const { return int{primary} + int{backup}; }
};

/// A deterministic run of a pair. Events of one time are taken in the order they were put in; a
/// node's timers come after what arrives at the same time.
class TwoRouters {
public:
    TwoRouters(Settings settings, Channel channel, Observer* observer = nullptr)
        : channel_(std::move(channel)), observer_(observer) {
        for (const auto node : {Node::primary, Node::backup}) {
            settings_[index_of(node)] = settings;
            settings_[index_of(node)].role =
                node == Node::primary ? NodeRole::primary : NodeRole::backup;
        }
    }

    // What is queued points here.
    TwoRouters(const TwoRouters&) = delete;
    TwoRouters& operator=(const TwoRouters&) = delete;

    /// Starts the node, or restarts it after a crash: a new machine each time.
    void start(Node node, Time when) {
        at(when, [this, node, when] {
            nodes_[index_of(node)].emplace(settings_[index_of(node)]);
            hand_in(node, Started{}, when);
        });
    }
    /// Starts the node in the place of one that died, as a supervisor does: it knows whether that
    /// one was active.
    void start_again(Node node, Time when) {
        at(when, [this, node, when] {
            const bool was_active = died_active_[index_of(node)] || active(node);
            died_active_[index_of(node)] = false;
            nodes_[index_of(node)].emplace(settings_[index_of(node)]);
            hand_in(node, Started{was_active ? Start::after_active : Start::cold}, when);
        });
    }
    /// The node is gone at once and says nothing.
    void crash(Node node, Time when) {
        at(when, [this, node, when] {
            died_active_[index_of(node)] |= active(node);
            nodes_[index_of(node)].reset();
            if (observer_ != nullptr) {
                observer_->crashes(node, when);
            }
            look(when);
        });
    }
    void happens(Node node, const Event& event, Time when) {
        at(when, [this, node, event, when] { hand_in(node, event, when); });
    }

    /// Runs until `end` (included).
    void run_until(Time end) {
        while (true) {
            const auto next = next_event();
            if (next > end) {
                break;
            }
            if (!queue_.empty() && queue_.begin()->first.first == next) {
                const auto task = std::move(queue_.begin()->second);
                queue_.erase(queue_.begin());
                task();
                continue;
            }
            for (const auto node : {Node::primary, Node::backup}) {
                const auto& machine = nodes_[index_of(node)];
                if (machine && machine->next_deadline() <= next) {
                    hand_in(node, Woken{}, next);
                }
            }
        }
    }

    /// All changes of who is active, in order; the last of one time counts.
    const std::vector<Moment>& history() const { return history_; }
    /// Who was active at `when`, and at every later time up to the end of the run.
    std::vector<Moment> from(Time when) const {
        std::vector<Moment> found;
        Moment before;
        for (const auto& m : history_) {
            if (m.at <= when) {
                before = m;
            } else {
                found.push_back(m);
            }
        }
        found.insert(found.begin(), before);
        return found;
    }
    /// The first time at or after `when` at which the node became active.
    std::optional<Time> activation(Node node, Time when) const {
        for (const auto& [at, who] : activations_) {
            if (who == node && at >= when) {
                return at;
            }
        }
        return std::nullopt;
    }
    std::size_t activations(Node node) const {
        std::size_t count = 0;
        for (const auto& [at, who] : activations_) {
            count += who == node ? 1U : 0U;
        }
        return count;
    }
    bool active(Node node) const {
        const auto& machine = nodes_[index_of(node)];
        return machine && machine->active();
    }

private:
    using Task = std::function<void()>;

    void at(Time when, Task task) { queue_.emplace(std::pair{when, sequence_++}, std::move(task)); }

    Time next_event() const {
        auto next = queue_.empty() ? never : queue_.begin()->first.first;
        for (const auto& machine : nodes_) {
            next = machine ? std::min(next, machine->next_deadline()) : next;
        }
        return next;
    }

    void hand_in(Node node, const Event& event, Time now) {
        auto& machine = nodes_[index_of(node)];
        if (!machine) {
            return;
        }
        if (observer_ != nullptr) {
            observer_->takes(node, event, now);
        }
        for (const auto& action : machine->step(event, now)) {
            if (observer_ != nullptr) {
                observer_->does(node, action, now);
            }
            if (const auto* sent = std::get_if<SendHeartbeat>(&action)) {
                send(node, *sent, now);
            } else if (const auto* role = std::get_if<RoleChanged>(&action);
                       role != nullptr && role->active) {
                activations_.emplace_back(now, node);
            }
        }
        look(now);
    }

    void send(Node from, const SendHeartbeat& sent, Time now) {
        if (const auto delay = channel_({from, sent.path, now})) {
            // Through the wire and back: what is heard is what the bytes say.
            const auto bytes = encode(sent.word);
            happens(other(from), Heard{sent.path, decode(bytes)}, now + *delay);
        }
    }

    void look(Time now) {
        const Moment m{now, active(Node::primary), active(Node::backup)};
        if (!history_.empty() && history_.back().at == now) {
            history_.back() = m;
        } else if (history_.empty() || history_.back().primary != m.primary ||
                   history_.back().backup != m.backup) {
            history_.push_back(m);
        }
    }

    std::array<Settings, 2> settings_;
    Channel channel_;
    Observer* observer_;
    std::array<std::optional<Pulse>, 2> nodes_;
    std::array<bool, 2> died_active_{};
    std::map<std::pair<Time, std::uint64_t>, Task> queue_;
    std::uint64_t sequence_ = 0;
    std::vector<Moment> history_;
    std::vector<std::pair<Time, Node>> activations_;
};

}  // namespace lvslab::pulse
