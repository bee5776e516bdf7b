// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/probe_run.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/health/http_answer.hpp"
#include "core/world/check_dialogue.hpp"
#include "core/world/tls.hpp"

namespace lvslab::packet_world {

using world::http_answer;
using world::program_greeting;
using world::program_message;
using world::TlsEnd;
using world::TlsVersion;
namespace {

/// What all probes have: a line, a limit, one verdict.
class LineRun : public ProbeRun, protected LineUser {
public:
    LineRun(ProbeOwner& owner, std::uint64_t id, const ns3::Ptr<ns3::Node>& node)
        : owner_(owner), id_(id), node_(node) {}
    ~LineRun() override { owner_.cancel(limit_); }

    void drop() override {
        if (line_) {
            line_->drop();
        }
    }

protected:
    void connect(Protocol protocol, const Endpoint& server) {
        line_ = make_line(node_, protocol, server, *this, [this](std::function<void()> call) {
            after(Duration{}, std::move(call));
        });
    }
    /// What a line says when the verdict is there already goes unheard.
    ports::TimerId after(Duration d, std::function<void()> call) {
        return owner_.at(id_, owner_.now() + d, [this, call = std::move(call)] {
            if (!decided_) {
                call();
            }
        });
    }
    void limit(Duration d) {
        owner_.cancel(limit_);
        limit_ = after(d, [this] { out_of_time(); });
    }
    void decide(bool up) {
        if (!std::exchange(decided_, true)) {
            owner_.finished(id_, up);
        }
    }
    virtual void out_of_time() = 0;
    Line& line() { return *line_; }

private:
    ProbeOwner& owner_;
    std::uint64_t id_;
    ns3::Ptr<ns3::Node> node_;
    std::unique_ptr<Line> line_;
    ports::TimerId limit_{};
    bool decided_ = false;
};

/// Connect, send, expect (nanny.c, pinger).
class ConnectRun final : public LineRun {
public:
    ConnectRun(ProbeOwner& owner, std::uint64_t id, const ns3::Ptr<ns3::Node>& node,
               health::ConnectProbe probe)
        : LineRun(owner, id, node), probe_(std::move(probe)) {}

    void begin() override {
        limit(probe_.limit);
        connect(probe_.protocol, probe_.server);
    }

private:
    void connected() override {
        limit(probe_.limit);
        line().say(probe_.send.value_or(""));
        if (!probe_.expect.reads()) {
            decide(true);
        }
    }
    void heard(std::string_view bytes) override {
        answer_.append(bytes);
        // A datagram is the whole answer.
        judge(probe_.protocol == Protocol::udp);
    }
    void ended() override { judge(true); }
    void broken() override { decide(false); }
    void out_of_time() override { decide(false); }

    void judge(bool whole) {
        const auto verdict = probe_.expect.judge(answer_, whole);
        if (verdict != health::Verdict::more) {
            decide(verdict == health::Verdict::match);
        }
    }

    health::ConnectProbe probe_;
    std::string answer_;
};

/// GET over HTTP, or over HTTPS behind its handshake. One limit for the whole.
class HttpRun final : public LineRun {
public:
    HttpRun(ProbeOwner& owner, std::uint64_t id, const ns3::Ptr<ns3::Node>& node,
            health::HttpProbe probe)
        : LineRun(owner, id, node), probe_(std::move(probe)), answer_(probe_.expect) {
        if (probe_.tls) {
            tls_ = TlsEnd::client(TlsVersion::tls13);
        }
    }

    void begin() override {
        limit(probe_.limit);
        connect(Protocol::tcp, probe_.server);
    }

private:
    void connected() override {
        if (tls_) {
            line().say(tls_->begin());
        } else {
            line().say(health::http_request(probe_));
        }
    }
    void heard(std::string_view bytes) override {
        if (!tls_) {
            judge(answer_.take(bytes));
            return;
        }
        const bool before = tls_->established();
        auto said = tls_->feed(bytes);
        if (!before && tls_->established()) {
            said += tls_->wrap(health::http_request(probe_));
        }
        line().say(said);
        if (tls_->broken()) {
            decide(false);
        } else {
            judge(answer_.take(tls_->take_data()));
        }
    }
    void ended() override { decide(answer_.end() == health::Verdict::match); }
    void broken() override { decide(false); }
    void out_of_time() override { decide(false); }

    void judge(health::Verdict verdict) {
        if (verdict != health::Verdict::more) {
            decide(verdict == health::Verdict::match);
        }
    }

    health::HttpProbe probe_;
    health::HttpAnswer answer_;
    std::optional<TlsEnd> tls_;
};

/// What the scenario says a program does: its round trips one after the other on one line, its
/// duration, its output.
class ProgramRun final : public LineRun {
public:
    ProgramRun(ProbeOwner& owner, std::uint64_t id, const ns3::Ptr<ns3::Node>& node,
               health::ProgramProbe probe, scenario::Program program)
        : LineRun(owner, id, node), probe_(std::move(probe)), program_(std::move(program)) {}

    void begin() override {
        limit(probe_.limit);
        if (program_.round_trips == 0) {
            finish();
        } else {
            connect(probe_.protocol, probe_.server);
        }
    }

private:
    void connected() override { ask(); }
    void heard(std::string_view bytes) override {
        heard_ += bytes.size();
        if (heard_ < program_message) {
            return;
        }
        heard_ -= program_message;
        if (++done_ < program_.round_trips) {
            ask();
        } else {
            finish();
        }
    }
    void ended() override { fail(); }
    void broken() override { fail(); }
    void out_of_time() override { exit({.timed_out = true, .exit_status = 0, .output = {}}); }

    void ask() {
        std::string question(program_message, '\0');
        std::ranges::copy(program_greeting, question.begin());
        line().say(question);
    }
    void finish() {
        after(program_.duration, [this] {
            exit({.timed_out = false,
                  .exit_status = program_.exit_status,
                  .output = program_.output});
        });
    }
    /// Its server does not answer: a program says so by its status.
    void fail() { exit({.timed_out = false, .exit_status = 1, .output = {}}); }
    void exit(const health::ProgramResult& result) { decide(health::says_up(probe_, result)); }

    health::ProgramProbe probe_;
    scenario::Program program_;
    unsigned done_ = 0;
    std::size_t heard_ = 0;
};

}  // namespace

std::unique_ptr<ProbeRun> make_probe_run(ProbeOwner& owner, std::uint64_t id,
                                         const health::Probe& probe,
                                         const ns3::Ptr<ns3::Node>& node,
                                         const scenario::Scenario& scenario) {
    if (const auto* check = std::get_if<health::ConnectProbe>(&probe)) {
        return std::make_unique<ConnectRun>(owner, id, node, *check);
    }
    if (const auto* check = std::get_if<health::HttpProbe>(&probe)) {
        return std::make_unique<HttpRun>(owner, id, node, *check);
    }
    const auto& program = std::get<health::ProgramProbe>(probe);
    const auto declared = std::ranges::find_if(scenario.programs, [&](const auto& p) {
        return !program.arguments.empty() && p.path == program.arguments.front();
    });
    if (declared == scenario.programs.end()) {
        throw std::runtime_error(
            fmt::format("the check program {} is not declared under programs:",
                        program.arguments.empty() ? "" : program.arguments.front()));
    }
    return std::make_unique<ProgramRun>(owner, id, node, program, *declared);
}

}  // namespace lvslab::packet_world
