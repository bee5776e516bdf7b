// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/prober.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/health/http_answer.hpp"
#include "core/world/check_dialogue.hpp"
#include "sim/flow/server_host.hpp"

namespace lvslab::flow_world {
namespace {

constexpr std::uint64_t headers = 66;
constexpr Duration first_retry = std::chrono::seconds(1);

const scenario::Program& declared(const scenario::Scenario& scenario,
                                  const health::ProgramProbe& probe) {
    const auto name = probe.arguments.empty() ? std::string() : probe.arguments.front();
    const auto found = std::ranges::find(scenario.programs, name, &scenario::Program::path);
    if (found == scenario.programs.end()) {
        throw std::runtime_error(
            fmt::format("the check program {} is not declared under programs:", name));
    }
    return *found;
}

}  // namespace

/// One probe: questions and answers, each in a message there and one back.
class Prober::Run {
public:
    Run(Prober& owner, std::uint64_t id, const health::Probe& probe,
        std::function<void(bool up)> ended)
        : owner_(owner), id_(id), probe_(probe), ended_(std::move(ended)) {
        std::visit([this](const auto& p) { describe(p); }, probe_);
    }
    ~Run() { owner_.timers_.cancel(limit_timer_); }

    void begin() {
        limit();
        if (program_ != nullptr && program_->round_trips == 0) {
            finish_program();
        } else if (server_ == nullptr) {
            return;  // nobody has this address: its limit ends it
        } else if (protocol_ == Protocol::udp) {
            connected();
        } else {
            call(first_retry, [this] { answer_connect(); });
        }
    }
    void finish(bool up) { ended_(up); }

private:
    void describe(const health::ConnectProbe& p) { aim(p.server, p.protocol, p.limit); }
    void describe(const health::HttpProbe& p) {
        aim(p.server, Protocol::tcp, p.limit);
        question_ = health::http_request(p);
        extra_round_trips_ = p.tls ? 1 : 0;
        http_.emplace(p.expect);
    }
    void describe(const health::ProgramProbe& p) {
        aim(p.server, p.protocol, p.limit);
        program_ = &declared(owner_.router_.scenario, p);
    }
    void aim(const Endpoint& server, Protocol protocol, Duration limit) {
        protocol_ = protocol;
        port_ = server.port;
        limit_ = limit;
        const auto& all = owner_.router_.scenario.servers;
        const auto found = std::ranges::find_if(
            all, [&](const auto& s) { return s.interface.address == server.address; });
        if (found != all.end()) {
            index_ = static_cast<unsigned>(found - all.begin());
            server_ = owner_.router_.servers[index_].get();
        }
        at_ = server;
    }

    /// Later, unless the probe is over by then.
    void after(Duration d, std::function<void(Run&)> next) {
        owner_.router_.simulation.after(
            d, [alive = owner_.alive_, owner = &owner_, id = id_, next = std::move(next)] {
                if (*alive) {
                    if (auto* run = owner->find(id); run != nullptr && !run->decided_) {
                        next(*run);
                    }
                }
            });
    }

    Machine here() const { return {Machine::Kind::router, owner_.router_.router}; }
    Machine there() const { return {Machine::Kind::server, index_}; }

    /// A message to the server; if it is lost, TCP sends it again.
    void call(Duration retry, std::function<void()> arrived, std::uint64_t bytes = 0) {
        const auto travel = owner_.router_.network.between(here(), there(), headers + bytes);
        after(travel.value_or(retry), [=, sent = travel.has_value()](Run& run) {
            const bool reached =
                sent && run.owner_.router_.network.between(run.here(), run.there(), 0);
            if (reached) {
                arrived();
            } else if (run.protocol_ == Protocol::tcp) {
                run.after(sent ? retry : Duration{},
                          [=](Run& r) { r.call(2 * retry, arrived, bytes); });
            }
        });
    }
    /// A message back. One that is lost stays lost, but for TCP's.
    void reply(std::function<void()> arrived, std::uint64_t bytes = 0,
               Duration retry = std::chrono::milliseconds(200)) {
        const auto travel = owner_.router_.network.between(there(), here(), headers + bytes);
        if (travel) {
            after(*travel, [arrived](Run&) { arrived(); });
        } else if (protocol_ == Protocol::tcp) {
            after(retry, [=](Run& run) { run.reply(arrived, bytes, 2 * retry); });
        }
    }

    void answer_connect() {
        if (!server_->running() || !server_->listens(protocol_, at_)) {
            reply([this] { failed(); });
            return;
        }
        reply([this] { connected(); });
    }

    void connected() {
        if (!program_ && !http_) {
            limit();
        }
        if (const auto* check = std::get_if<health::ConnectProbe>(&probe_)) {
            question_ = check->send.value_or("");
            if (!check->expect.reads()) {
                decide(true);
                return;
            }
        } else if (program_ != nullptr) {
            question_ = std::string(world::program_greeting);
            question_.resize(world::program_message);
        }
        if (extra_round_trips_ > 0) {
            --extra_round_trips_;
            call(std::chrono::milliseconds(200), [this] { reply([this] { connected(); }); });
            return;
        }
        call(
            std::chrono::milliseconds(200), [this] { ask(); }, question_.size());
    }

    /// The question is at the server.
    void ask() {
        if (!server_->running() || !server_->listens(protocol_, at_)) {
            reply([this] { failed(); });
            return;
        }
        auto dialogue = server_->dialogue_at(protocol_, port_);
        auto step = protocol_ == Protocol::tcp ? dialogue.begin() : world::CheckDialogue::Step{};
        if (!step.work) {
            step = dialogue.take(question_);
        }
        if (step.work) {
            auto answer = dialogue.answer();
            const bool taken =
                server_->submit_check([alive = owner_.alive_, owner = &owner_, id = id_,
                                       answer = std::move(answer), closes = dialogue.closes()] {
                    auto* run = *alive ? owner->find(id) : nullptr;
                    if (run != nullptr && !run->decided_) {
                        run->reply([run, answer, closes] { run->heard(answer, closes); },
                                   answer.size());
                    }
                });
            if (!taken && protocol_ == Protocol::tcp) {
                reply([this] { failed(); });
            }
        } else if (step.refuse && protocol_ == Protocol::tcp) {
            reply([this] { failed(); });
        }
    }

    void heard(const std::string& answer, bool ended) {
        if (program_ != nullptr) {
            if (++done_ < program_->round_trips) {
                connected();
            } else {
                finish_program();
            }
            return;
        }
        auto verdict = health::Verdict::more;
        if (http_) {
            verdict = http_->take(answer);
            if (verdict == health::Verdict::more && ended) {
                verdict = http_->end();
            }
        } else {
            verdict = std::get<health::ConnectProbe>(probe_).expect.judge(
                answer, ended || protocol_ == Protocol::udp);
        }
        if (verdict != health::Verdict::more) {
            decide(verdict == health::Verdict::match);
        }
    }

    void finish_program() {
        after(program_->duration, [](Run& run) {
            run.decide(health::says_up(std::get<health::ProgramProbe>(run.probe_),
                                       {.timed_out = false,
                                        .exit_status = run.program_->exit_status,
                                        .output = run.program_->output}));
        });
    }
    void failed() { decide(false); }

    void limit() {
        owner_.timers_.cancel(limit_timer_);
        limit_timer_ = owner_.timers_.at(owner_.timers_.now() + limit_, [this] { decide(false); });
    }
    void decide(bool up) {
        if (!std::exchange(decided_, true)) {
            owner_.finished(id_, up);
        }
    }

    Prober& owner_;
    std::uint64_t id_;
    health::Probe probe_;
    std::function<void(bool up)> ended_;
    Endpoint at_;
    Protocol protocol_ = Protocol::tcp;
    Port port_;
    Duration limit_{};
    unsigned index_ = 0;
    ServerHost* server_ = nullptr;
    const scenario::Program* program_ = nullptr;
    std::optional<health::HttpAnswer> http_;
    std::string question_;
    unsigned extra_round_trips_ = 0, done_ = 0;
    ports::TimerId limit_timer_{};
    bool decided_ = false;
};

Prober::Prober(const AskingRouter& router, ports::Timers& timers)
    : router_(router), timers_(timers) {}

Prober::~Prober() {
    *alive_ = false;
    runs_.clear();
}

Prober::Run* Prober::find(std::uint64_t id) {
    const auto found = runs_.find(id);
    return found == runs_.end() ? nullptr : found->second.get();
}

ports::ProbeId Prober::start(const health::Probe& probe, std::function<void(bool up)> ended) {
    const auto id = ++last_;
    auto& run = runs_[id] = std::make_unique<Run>(*this, id, probe, std::move(ended));
    run->begin();
    return ports::ProbeId{id};
}

void Prober::cancel(ports::ProbeId probe) {
    runs_.erase(probe.value());
}

/// Not from here: the probe is in the middle of a call of its own, and its daemon may be held up.
void Prober::finished(std::uint64_t id, bool up) {
    timers_.at(timers_.now(), [this, alive = alive_, id, up] {
        if (*alive) {
            if (const auto run = runs_.extract(id)) {
                run.mapped()->finish(up);
            }
        }
    });
}

}  // namespace lvslab::flow_world
