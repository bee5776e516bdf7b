// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/sync_master.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/ipvs/kernel_timer.hpp"

namespace lvslab::ipvs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration send_delay = milliseconds(20);  ///< IPVS_SYNC_SEND_DELAY
constexpr std::size_t wakeup_rate = 8;             ///< IPVS_SYNC_WAKEUP_RATE
constexpr Duration check_period = seconds(1);      ///< IPVS_SYNC_CHECK_PERIOD
constexpr Duration flush_time = seconds(2);        ///< IPVS_SYNC_FLUSH_TIME
/// A message's counter is one byte.
constexpr unsigned most_records = 255;
constexpr std::int64_t retry_bits = 3;

std::int64_t jiffies(Duration d) {
    return d / jiffy;
}

/// TCP states that are told of at all.
bool told_in(TcpState state) {
    return state == TcpState::established || state == TcpState::fin_wait ||
           state == TcpState::close || state == TcpState::close_wait ||
           state == TcpState::time_wait;
}

/// sync_refresh_period and sync_retries: the end to be told, or nothing if what was told will do.
std::optional<std::int64_t> refreshed(const SyncPolicy& policy, const SyncQuestion& entry,
                                      const SyncTrack& track, Time now) {
    const auto ticks = jiffies(now.time_since_epoch());
    const auto timeout = jiffies(entry.timeout);
    const auto end = (ticks + timeout) & ~retry_bits;
    const auto period = jiffies(policy.refresh_period);
    if (period == 0) {
        return end;
    }
    const auto least = std::max(timeout / 2, jiffies(seconds(10)));
    if (std::abs(end - track.told_end) >= std::min(period, least)) {
        return end;
    }
    const auto retries = track.told_end & retry_bits;
    if (retries >= static_cast<std::int64_t>(policy.retries) ||
        ticks < track.told_end - timeout + period / 8) {
        return std::nullopt;
    }
    return end | (retries + 1);
}

bool at_this_packet(const SyncPolicy& policy, const SyncQuestion& entry) {
    if (policy.period > 0) {
        return entry.is_template || entry.packets % policy.period == policy.threshold;
    }
    return policy.refresh_period > Duration::zero() || entry.packets == policy.threshold;
}

}  // namespace

bool sync_needed(const SyncPolicy& policy, const SyncQuestion& entry, SyncTrack& track, Time now) {
    bool closing = false;
    if (!entry.is_template) {
        if (policy.persist_mode && entry.in_persistence) {
            return false;
        }
        if (entry.protocol == Protocol::tcp) {
            if (!told_in(entry.state)) {
                return false;
            }
            closing = entry.state != track.told_state && entry.state != TcpState::established;
        }
    }
    auto end = (jiffies(now.time_since_epoch()) + jiffies(entry.timeout)) & ~retry_bits;
    if (!closing) {
        const auto again = refreshed(policy, entry, track, now);
        if (!again || !at_this_packet(policy, entry)) {
            return false;
        }
        end = *again;
    }
    track.told_state = entry.state;
    track.told_end = end;
    return true;
}

SyncSender::SyncSender(const SyncMaster& daemon, Time now)
    : daemon_(daemon), looks_(now + check_period) {}

/// With nothing to send the thread only looks each second.
void SyncSender::rest_until(Time now) {
    if (!current_ && queue_.empty() && looks_ < now) {
        looks_ += (now - looks_ + check_period - Duration(1)) / check_period * check_period;
    }
}

SyncMessage SyncSender::message_of(const SyncMessageWriter& writer) {
    return {writer.bytes(), writer.records()};
}

/// sb_queue_tail.
void SyncSender::queue_current(Time now) {
    queue_.push_back(message_of(current_->message));
    current_.reset();
    if (queue_.size() == 1) {
        woken_ = now + send_delay;
    } else if (queue_.size() == wakeup_rate) {
        woken_ = now;
    }
}

void SyncSender::add(const SyncRecord& record, Time now) {
    if (current_ && (current_->message.records() == most_records ||
                     current_->message.size_with(record) > daemon_.longest_message)) {
        queue_current(now);
    }
    if (!current_) {
        rest_until(now);
        current_ = Filling{SyncMessageWriter(daemon_.syncid), now};
    }
    current_->message.add(record);
}

Time SyncSender::next() const {
    if (!current_) {
        return woken_;
    }
    // The first of the thread's looks at which the message is old enough.
    auto look = looks_;
    const auto old = current_->begun + flush_time;
    if (look < old) {
        look += (old - look + check_period - Duration(1)) / check_period * check_period;
    }
    return std::min(woken_, look);
}

std::vector<SyncMessage> SyncSender::take(Time now) {
    std::vector<SyncMessage> messages;
    rest_until(now);
    // Each turn of the loop is a time at which the thread runs.
    for (auto runs = std::min(looks_, woken_); runs <= now; runs = std::min(looks_, woken_)) {
        messages.insert(messages.end(), queue_.begin(), queue_.end());
        queue_.clear();
        woken_ = never;
        if (current_ && runs >= current_->begun + flush_time) {
            messages.push_back(message_of(current_->message));
            current_.reset();
        }
        looks_ = runs + check_period;
    }
    return messages;
}

}  // namespace lvslab::ipvs
