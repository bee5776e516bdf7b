// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/writer.hpp"

#include <bit>
#include <cmath>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/journal/description.hpp"
#include "core/journal/fingerprint.hpp"
#include "core/journal/format.hpp"

namespace lvslab::journal {
namespace {

/// Gives each value a slot, the oldest's when all are taken. The map is looked up, never iterated.
template <class Value>
class SlotTable {
public:
    /// The slot that holds the value, or nothing; then it takes the next one.
    std::optional<std::size_t> find_or_add(const Value& value) {
        const auto known = slot_of_.find(value);
        if (known != slot_of_.end()) {
            return known->second;
        }
        if (values_.size() < format::slots) {
            values_.push_back(value);
        } else {
            slot_of_.erase(values_[next_]);
            values_[next_] = value;
        }
        slot_of_.emplace(value, next_);
        next_ = (next_ + 1) % format::slots;
        return std::nullopt;
    }

private:
    std::unordered_map<Value, std::size_t> slot_of_;
    std::vector<Value> values_;
    std::size_t next_ = 0;
};

}  // namespace

class Writer::Encoder {
public:
    Encoder(ByteSink sink, Level level) : sink_(std::move(sink)), level_(level) {
        buffer_.reserve(format::block + 4096);
        buffer_.append(format::magic);
        byte(format::version);
        byte(static_cast<std::uint8_t>(level));
    }

    void take(const Event& event) {
        std::visit([&](const auto& payload) { take(event, payload); }, event.payload);
    }

    void flush() {
        if (!buffer_.empty()) {
            fingerprint_.add(buffer_);
            sink_(buffer_);
            buffer_.clear();
        }
    }

    std::uint64_t finish() {
        if (!std::exchange(finished_, true)) {
            byte(format::end_mark);
            number(events_);
            flush();
            const auto fingerprint = fingerprint_.value();
            for (unsigned shift = 0; shift < 64; shift += 8) {
                byte(static_cast<std::uint8_t>(fingerprint >> shift));
            }
            // The fingerprint does not cover itself.
            sink_(buffer_);
            buffer_.clear();
        }
        return fingerprint_.value();
    }

    std::uint64_t fingerprint() const {
        Fingerprint with_buffer = fingerprint_;
        with_buffer.add(buffer_);
        return with_buffer.value();
    }

private:
    template <class Kind>
    void take(const Event& event, const Kind& payload) {
        if (finished_ || event.time < last_) {
            throw std::invalid_argument("journal: an event after the end, or back in time");
        }
        if ((events_ == 0) != std::is_same_v<Kind, RunStarted>) {
            throw std::invalid_argument("journal: exactly one run_started, and that first");
        }
        if (Description<Kind>::level > level_) {
            return;
        }
        byte(static_cast<std::uint8_t>(event.payload.index() + 1));
        number(static_cast<std::uint64_t>((event.time - last_).count()));
        last_ = event.time;
        ++events_;
        for_each_field<Kind>([&](const auto& field) { put(field, payload.*field.member); });
        if (buffer_.size() >= format::block) {
            flush();
        }
    }

    void byte(std::uint8_t value) { buffer_.push_back(static_cast<char>(value)); }

    void number(std::uint64_t value) {
        while (value >= 0x80U) {
            byte(static_cast<std::uint8_t>(value | 0x80U));
            value >>= 7U;
        }
        byte(static_cast<std::uint8_t>(value));
    }

    template <class FieldOf, class T>
    void put(const FieldOf& field, const T& value) {
        if constexpr (std::is_same_v<T, std::string>) {
            text(value);
        } else if constexpr (std::is_same_v<T, Endpoint>) {
            address(value.address);
            number(value.port.value());
        } else if constexpr (std::is_same_v<T, Address>) {
            address(value);
        } else if constexpr (std::is_same_v<T, Duration>) {
            number(format::zigzag(value.count()));
        } else if constexpr (std::is_same_v<T, double>) {
            real(value);
        } else if constexpr (format::is_list<T>::value) {
            if (value.size() > format::longest_list) {
                throw std::invalid_argument("journal: list too long");
            }
            number(value.size());
            for (const auto& item : value) {
                put(field, item);
            }
        } else if constexpr (std::is_enum_v<T> || std::is_same_v<T, bool>) {
            number(static_cast<std::uint64_t>(value));
        } else if constexpr (std::is_signed_v<T>) {
            number(format::zigzag(value));
        } else if (field.names != NameList::plain) {
            // `no_index` becomes 0, which is short.
            number(value == no_index ? 0 : std::uint64_t{value} + 1);
        } else {
            number(value);
        }
    }

    void text(const std::string& value) {
        if (value.size() > format::longest_string) {
            throw std::invalid_argument("journal: string too long");
        }
        if (const auto slot = strings_.find_or_add(value)) {
            number(*slot + 1);
            return;
        }
        number(0);
        number(value.size());
        buffer_.append(value);
    }

    void real(double value) {
        if (!std::isfinite(value)) {
            throw std::invalid_argument("journal: a number that is not finite");
        }
        const auto bits = std::bit_cast<std::uint64_t>(value);
        for (unsigned shift = 0; shift < 64; shift += 8) {
            byte(static_cast<std::uint8_t>(bits >> shift));
        }
    }

    /// 0 = IPv4 and 1 = IPv6 address follows in full; else slot + 2.
    void address(const Address& value) {
        if (const auto slot = addresses_.find_or_add(value)) {
            number(*slot + 2);
            return;
        }
        byte(value.is_v4() ? 0 : 1);
        for (std::size_t i = 0; i < (value.is_v4() ? 4U : 16U); ++i) {
            byte(value.bytes()[i]);
        }
    }

    ByteSink sink_;
    Level level_;
    std::string buffer_;
    Fingerprint fingerprint_;
    Time last_{};
    std::uint64_t events_ = 0;
    bool finished_ = false;
    SlotTable<std::string> strings_;
    SlotTable<Address> addresses_;
};

Writer::Writer(ByteSink sink, Level level)
    : encoder_(std::make_unique<Encoder>(std::move(sink), level)) {}

Writer::~Writer() {
    encoder_->flush();
}

void Writer::take(const Event& event) {
    encoder_->take(event);
}

void Writer::flush() {
    encoder_->flush();
}

std::uint64_t Writer::finish() {
    return encoder_->finish();
}

std::uint64_t Writer::fingerprint() const {
    return encoder_->fingerprint();
}

}  // namespace lvslab::journal
