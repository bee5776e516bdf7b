// SPDX-License-Identifier: GPL-2.0-only
/// What must hold in every run, whatever the scenario: a reducer that tells where it does not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/journal/event.hpp"

namespace lvslab::journal {

/// An invariant that is watched, and what says that it must hold.
struct InvariantKind {
    std::string_view name, meaning, source;
};
/// All of them; docs/journal.md has the list.
std::span<const InvariantKind> invariant_kinds();

/// An invariant that did not hold.
struct Violation {
    std::string_view name;  ///< one of invariant_kinds()
    Time time;              ///< from when on it did not
    std::string message;    ///< who, which connection, what was promised
    /// As JSON lines: the last ten events up to the one that showed it.
    std::vector<std::string> last_events;

    /// "taken_out at 12.5 s: connection ...", then the events, one a line, indented.
    std::string to_string() const;
};

class InvariantChecker;

/// Watches them all, in memory that does not grow with the number of events. Each is scoped to what
/// the system promises: what an event may excuse (a crash, a reload, a lost heartbeat) is not held
/// against anyone. Events that tell of nothing (a run without daemons) violate nothing.
class Invariants : public Sink {
public:
    static constexpr std::size_t events_kept = 10;
    /// That are kept of each kind; all are counted.
    static constexpr std::size_t most_violations = 10;

    /// `level`: of the events that will come. A stored journal of level `decisions` does not tell
    /// the beginnings of connections, so they are not held to have one.
    explicit Invariants(Level level = Level::all);
    ~Invariants() override;
    Invariants(const Invariants&) = delete;
    Invariants& operator=(const Invariants&) = delete;

    void take(const Event& event) override;

    /// In the order in which they showed.
    const std::vector<Violation>& violations() const { return violations_; }
    std::uint64_t count() const { return count_; }
    bool held() const { return count_ == 0; }

private:
    void add(std::string_view name, Time time, std::string message);
    void remember(const Event& event);
    std::vector<std::string> last_events() const;

    Level level_;
    RunStarted run_;
    std::vector<std::unique_ptr<InvariantChecker>> checkers_;
    std::array<Event, events_kept> last_;  ///< a ring
    std::size_t seen_ = 0;
    std::vector<Violation> violations_;
    std::uint64_t count_ = 0;
};

/// The chapter of docs/journal.md that lists them.
std::string invariants_markdown();

}  // namespace lvslab::journal
