// SPDX-License-Identifier: GPL-2.0-only
// Quantities that have a duration each time that something happens.
#include <algorithm>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "core/journal/expectation_measure.hpp"
#include "core/journal/histogram.hpp"
#include "core/journal/moment_watch.hpp"

namespace lvslab::journal {
namespace {

using Id = QuantityId;

class Series : public Measure {
public:
    explicit Series(const Expectation& e) : e_(e) {}

    Measured measured(const RunView&, const ExpectationWindow&) const override {
        Measured m;
        if (!low_) {
            m.missing = missing_.empty() ? nothing() : missing_;
            return m;
        }
        m.offences = offences_;
        switch (e_.of_run.kind) {
            case Aggregate::Kind::each:
                m.low = low_;
                m.high = high_;
                break;
            case Aggregate::Kind::maximum:
                m.low = m.high = high_;
                break;
            case Aggregate::Kind::minimum:
                m.low = m.high = low_;
                break;
            case Aggregate::Kind::mean:
                m.low = m.high = of_all(*times_.mean());
                break;
            case Aggregate::Kind::quantile:
                m.low = m.high = of_all(to_seconds(*times_.quantile(e_.of_run.p)));
                break;
        }
        return m;
    }

protected:
    void add(Duration duration, const Look& look, auto&& words) {
        if (!look.window.open()) {
            return;
        }
        times_.add(duration);
        const double value = to_seconds(duration);
        const auto reading = [&] { return Reading{value, look.event.time, words()}; };
        if (!low_ || value < low_->value) {
            low_ = reading();
        }
        if (!high_ || value > high_->value) {
            high_ = reading();
        }
        if (offences_.size() < 3 && e_.of_run.kind == Aggregate::Kind::each &&
            !keeps_bound(e_, value, value)) {
            offences_.push_back(reading());
        }
    }
    /// One whose duration cannot be told.
    void add_unknown(std::string why) { missing_ = std::move(why); }

    virtual std::string nothing() const = 0;

private:
    Reading of_all(double value) const {
        return {value, high_->at,
                fmt::format("the longest one of {}: {}", times_.count(), high_->what)};
    }

    const Expectation& e_;
    Histogram times_;
    std::optional<Reading> low_, high_;
    std::vector<Reading> offences_;
    std::string missing_;
};

class TakeoverTimes final : public Series {
public:
    using Series::Series;

    void take(const Look& look) override {
        const auto& takeover = look.view.takeover();
        if (!takeover) {
            return;
        }
        const auto& routers = look.view.run().routers;
        const auto& to = routers[takeover->move.to];
        const auto& from = routers[takeover->move.from];
        if (!takeover->lost) {
            add_unknown(fmt::format("{} became active at {} while {} was, and no fault explains it",
                                    to, time_text(look.event.time), from));
            return;
        }
        add(look.event.time - *takeover->lost, look, [&] {
            return fmt::format("{} took over from {}, lost at {}", to, from,
                               time_text(*takeover->lost));
        });
    }

protected:
    std::string nothing() const override { return "no takeover happened"; }
};

class ResponseTimes final : public Series {
public:
    ResponseTimes(const Expectation& e, const RunStarted& run)
        : Series(e), kind_(e.subject.kind), index_(subject_index(e.subject, run)) {}

    void take(const Look& look) override {
        const auto* e = std::get_if<ResponseReceived>(&look.event.payload);
        if (e == nullptr || (kind_ == Subjects::workload && e->workload != index_) ||
            (kind_ == Subjects::server && e->server != index_)) {
            return;
        }
        add(e->response_time, look, [&] { return event_text(look.event, look.view.run()); });
    }

protected:
    std::string nothing() const override { return "no response arrived in its window"; }

private:
    unsigned kind_;
    std::uint32_t index_;
};

/// From the death of a server until it is taken out, or from its return until it is put back.
class PoolDelays final : public Series {
public:
    PoolDelays(const Expectation& e, const RunStarted& run)
        : Series(e),
          in_(e.quantity == Id::reentry),
          any_(e.subject.kind == Subjects::none),
          server_(subject_index(e.subject, run)),
          counted_(run.servers.size(), never) {}

    void take(const Look& look) override {
        const auto& move = look.view.pool_move();
        if (!move || move->in != in_ || (!any_ && move->server != server_)) {
            return;
        }
        const auto since =
            in_ ? look.view.back_since(move->server) : look.view.dead_since(move->server);
        // In several services it is taken out of one after the other: the first one counts.
        if (!since || move->server >= counted_.size() || counted_[move->server] == *since) {
            return;
        }
        counted_[move->server] = *since;
        add(look.event.time - *since, look, [&] {
            return fmt::format("{} {} since {}, {}", look.view.run().servers[move->server],
                               in_ ? "served again" : "was dead", time_text(*since),
                               in_ ? "put back" : "taken out");
        });
    }

protected:
    std::string nothing() const override {
        return in_ ? "no server that had come back was put back" : "no dead server was taken out";
    }

private:
    bool in_, any_;
    std::uint32_t server_;
    std::vector<Time> counted_;  ///< the death, or return, that has been counted
};

class MomentTimes final : public Series {
public:
    explicit MomentTimes(const Expectation& e) : Series(e), second_(*e.second) {
        if (e.first) {
            first_.emplace(*e.first);
        }
    }

    void take(const Look& look) override {
        const auto now = look.event.time;
        const auto before = second_.count();
        second_.take(look.event);
        if (first_) {
            first_->take(look.event);
            if (first_->happened_at(now)) {
                since_ = now;
            }
        }
        if (second_.count() == before) {
            return;
        }
        if (!first_) {
            add(now - Time{}, look, [&] { return second_.moment().text; });
        } else if (since_) {
            add(now - *since_, look, [&] {
                return fmt::format("{} at {}, {} at {}", first_->moment().text, time_text(*since_),
                                   second_.moment().text, time_text(now));
            });
            since_.reset();
        }
    }

protected:
    std::string nothing() const override {
        if (first_ && first_->count() == 0) {
            return fmt::format("\"{}\" never happened", first_->moment().text);
        }
        return second_.count() == 0
                   ? fmt::format("\"{}\" never happened", second_.moment().text)
                   : fmt::format("\"{}\" never happened in its window, after \"{}\"",
                                 second_.moment().text,
                                 first_ ? first_->moment().text : std::string("the start"));
    }

private:
    std::optional<MomentWatch> first_;
    MomentWatch second_;
    std::optional<Time> since_;
};

}  // namespace

std::unique_ptr<Measure> make_series(const Expectation& e, const RunStarted& run) {
    switch (e.quantity) {
        case Id::takeover:
            return std::make_unique<TakeoverTimes>(e);
        case Id::detection:
        case Id::reentry:
            return std::make_unique<PoolDelays>(e, run);
        case Id::time_of:
        case Id::time_between:
            return std::make_unique<MomentTimes>(e);
        default:
            return std::make_unique<ResponseTimes>(e, run);
    }
}

}  // namespace lvslab::journal
