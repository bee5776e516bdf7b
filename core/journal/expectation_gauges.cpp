// SPDX-License-Identifier: GPL-2.0-only
// Quantities that have a value at each time.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/journal/expectation_measure.hpp"

namespace lvslab::journal {
namespace {

using Id = QuantityId;

/// The smallest and the largest value that lasted, inside the window: what changes several times
/// at one time counts by what it is afterwards.
class Gauge final : public Measure {
public:
    Gauge(const Expectation& e, const RunStarted& run)
        : e_(e), index_(subject_index(e.subject, run)) {
        if (e.subject.kind == Subjects::address) {
            address_ = *Address::parse(e.subject.name);
        }
    }

    void take(const Look& look) override {
        lasted(look.window);
        const auto value = value_of(look.view);
        if (value != value_) {
            value_ = value;
            since_ = look.event.time;
        }
    }

    Measured measured(const RunView&, const ExpectationWindow& window) const override {
        Gauge whole = *this;
        whole.lasted(window);
        Measured m;
        m.low = whole.low_;
        m.high = whole.high_;
        m.offences = whole.offences_;
        if (e_.of_run.kind == Aggregate::Kind::maximum) {
            m.low = m.high;
        } else if (e_.of_run.kind == Aggregate::Kind::minimum) {
            m.high = m.low;
        }
        if (!m.low) {
            m.missing = "its window has no length";
        }
        return m;
    }

private:
    double value_of(const RunView& view) const {
        switch (e_.quantity) {
            case Id::active_routers:
                return view.routers().active_count();
            case Id::owners:
                return view.owners(address_);
            case Id::weight:
                return view.weight(index_);
            default:
                return view.pool_size();
        }
    }

    /// Takes the value of before into account, if the window was open meanwhile.
    void lasted(const ExpectationWindow& window) {
        const auto length = window.length();
        if (length <= seen_) {
            return;
        }
        const auto at = std::max(since_, window.opened_at());
        seen_ = length;
        const Reading reading{value_, at,
                              fmt::format("{} was {:g} from {} on", quantity(e_.quantity).name,
                                          value_, time_text(at))};
        if (!low_ || value_ < low_->value) {
            low_ = reading;
        }
        if (!high_ || value_ > high_->value) {
            high_ = reading;
        }
        const bool is_new = offences_.empty() || offences_.back().at != at;
        if (offences_.size() < 3 && is_new && !keeps_bound(e_, value_, value_)) {
            offences_.push_back(reading);
        }
    }

    const Expectation& e_;
    std::uint32_t index_;
    Address address_;
    double value_ = 0;
    Time since_{};
    Duration seen_{};  ///< of the window, taken into account
    std::optional<Reading> low_, high_;
    std::vector<Reading> offences_;
};

}  // namespace

std::unique_ptr<Measure> make_gauge(const Expectation& e, const RunStarted& run) {
    return std::make_unique<Gauge>(e, run);
}

}  // namespace lvslab::journal
