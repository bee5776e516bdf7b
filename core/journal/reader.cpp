// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/reader.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/journal/description.hpp"
#include "core/journal/fingerprint.hpp"
#include "core/journal/format.hpp"

namespace lvslab::journal {
namespace {

/// Where reading stopped. Stays inside this file: Reader::next() turns it into a value.
struct Damage {
    std::uint64_t offset;
    std::string message;
};

/// What the writer's SlotTable holds, filled in the same order.
template <class Value>
class SlotList {
public:
    void add(Value value) {
        if (values_.size() < format::slots) {
            values_.push_back(std::move(value));
        } else {
            values_[next_] = std::move(value);
        }
        next_ = (next_ + 1) % format::slots;
    }
    const Value* find(std::uint64_t slot) const {
        return slot < values_.size() ? &values_[static_cast<std::size_t>(slot)] : nullptr;
    }

private:
    std::vector<Value> values_;
    std::size_t next_ = 0;
};

}  // namespace

std::string ReadError::to_string(const std::string& file) const {
    return fmt::format("{}: byte {}: {}", file, offset, message);
}

class Reader::Decoder {
public:
    explicit Decoder(ByteSource source) : source_(std::move(source)) {
        buffer_.resize(format::block);
    }

    std::optional<Event> next() {
        if (ended_) {
            return std::nullopt;
        }
        try {
            if (offset_ == 0) {
                header();
            }
            record_ = offset_;
            const auto kind = byte();
            if (kind == format::end_mark) {
                end();
                return std::nullopt;
            }
            return event(kind);
        } catch (const Damage& damage) {
            ended_ = true;
            error_ = ReadError{damage.offset, damage.message};
            return std::nullopt;
        }
    }

    std::optional<ReadError> error_;
    RunStarted run_;
    Level level_ = Level::none;
    std::uint64_t fingerprint_ = 0;

private:
    void header() {
        for (const char expected : format::magic) {
            if (at_end() || byte() != static_cast<std::uint8_t>(expected)) {
                throw Damage{0, "not a journal of lvslab (it does not begin with LVSJ)"};
            }
        }
        const auto version = byte();
        if (version != format::version) {
            throw Damage{4, fmt::format("format version {}; this program reads version {}", version,
                                        format::version)};
        }
        const auto level = byte();
        if (level > static_cast<std::uint8_t>(Level::all)) {
            throw Damage{5, fmt::format("unknown level {}", level)};
        }
        level_ = static_cast<Level>(level);
    }

    void end() {
        ended_ = true;
        const auto count = number();
        flush_digest();
        const auto computed = digest_.value();
        const auto place = offset_;
        std::uint64_t stored = 0;
        for (unsigned shift = 0; shift < 64; shift += 8) {
            stored |= std::uint64_t{byte()} << shift;
        }
        if (count != events_) {
            throw Damage{record_, fmt::format("the end mark counts {} events, {} were read", count,
                                              events_)};
        }
        if (stored != computed) {
            throw Damage{place, fmt::format("the fingerprint is {}, the content's is {}: the "
                                            "journal was damaged somewhere before",
                                            fingerprint_text(stored), fingerprint_text(computed))};
        }
        if (!at_end()) {
            throw Damage{offset_, "bytes follow the end mark"};
        }
        fingerprint_ = stored;
    }

    Event event(std::uint8_t kind) {
        Event result;
        bool known = false;
        std::size_t index = 0;
        for_each_kind([&]<class Kind>() {
            if (++index == kind) {
                known = true;
                result = read<Kind>();
            }
        });
        if (!known) {
            throw Damage{record_, fmt::format("unknown event kind {}", kind)};
        }
        ++events_;
        return result;
    }

    template <class Kind>
    Event read() {
        if ((events_ == 0) != std::is_same_v<Kind, RunStarted>) {
            throw Damage{record_, events_ == 0 ? "the first event is not run_started"
                                               : "a second run_started"};
        }
        const auto delta = number();
        if (delta > static_cast<std::uint64_t>((Time::max() - last_).count())) {
            throw Damage{record_, "the time overflows"};
        }
        last_ += Duration{static_cast<std::int64_t>(delta)};
        Kind payload{};
        for_each_field<Kind>([&](const auto& field) { get(field, payload.*field.member); });
        if constexpr (std::is_same_v<Kind, RunStarted>) {
            if (payload.weights.size() != payload.servers.size() ||
                payload.workers.size() != payload.servers.size()) {
                throw Damage{record_, "run_started: lists of servers differ in length"};
            }
            if (payload.keepalive.size() != payload.deadtime.size() ||
                (!payload.keepalive.empty() &&
                 payload.keepalive.size() != payload.routers.size())) {
                throw Damage{record_, "run_started: lists of routers differ in length"};
            }
            run_ = payload;
        }
        return Event{last_, std::move(payload)};
    }

    template <class FieldOf, class T>
    void get(const FieldOf& field, T& value) {
        const auto place = offset_;
        if constexpr (std::is_same_v<T, std::string>) {
            value = text();
        } else if constexpr (std::is_same_v<T, Endpoint>) {
            value.address = address();
            value.port = Port{narrow<std::uint16_t>(field.name, place, number())};
        } else if constexpr (std::is_same_v<T, Address>) {
            value = address();
        } else if constexpr (std::is_same_v<T, double>) {
            value = real(field.name);
        } else if constexpr (std::is_same_v<T, Duration>) {
            value = Duration{format::unzigzag(number())};
        } else if constexpr (format::is_list<T>::value) {
            const auto size = number();
            if (size > format::longest_list) {
                throw Damage{place, fmt::format("{}: a list of {} entries", field.name, size)};
            }
            for (std::uint64_t i = 0; i < size; ++i) {
                typename T::value_type item{};
                get(field, item);
                value.push_back(std::move(item));
            }
        } else if constexpr (std::is_enum_v<T>) {
            value = static_cast<T>(word(field, place));
        } else if constexpr (std::is_signed_v<T>) {
            value = narrow<T>(field.name, place, format::unzigzag(number()));
        } else if (field.names != NameList::plain) {
            value = static_cast<T>(index(field, place));
        } else if (!field.words.empty()) {
            value = static_cast<T>(word(field, place));
        } else {
            value = narrow<T>(field.name, place, number());
        }
    }

    template <class T, class Wide>
    static T narrow(std::string_view name, std::uint64_t place, Wide wide) {
        if (wide > static_cast<Wide>(std::numeric_limits<T>::max()) ||
            wide < static_cast<Wide>(std::numeric_limits<T>::min())) {
            throw Damage{place, fmt::format("{}: {} is out of range", name, wide)};
        }
        return static_cast<T>(wide);
    }

    template <class FieldOf>
    std::uint64_t word(const FieldOf& field, std::uint64_t place) {
        const auto value = number();
        if (value >= field.words.size()) {
            throw Damage{place, fmt::format("{}: no value {}", field.name, value)};
        }
        return value;
    }

    template <class FieldOf>
    std::uint32_t index(const FieldOf& field, std::uint64_t place) {
        const auto value = number();
        if (value == 0) {
            return no_index;
        }
        const auto size = names_of(run_, field.names).size();
        if (value > size) {
            throw Damage{place, fmt::format("{}: index {} is not in run_started's list of {}",
                                            field.name, value - 1, size)};
        }
        return static_cast<std::uint32_t>(value - 1);
    }

    double real(std::string_view name) {
        const auto place = offset_;
        std::uint64_t bits = 0;
        for (unsigned shift = 0; shift < 64; shift += 8) {
            bits |= std::uint64_t{byte()} << shift;
        }
        const auto value = std::bit_cast<double>(bits);
        if (!std::isfinite(value)) {
            throw Damage{place, fmt::format("{}: not a finite number", name)};
        }
        return value;
    }

    std::string text() {
        const auto place = offset_;
        const auto slot = number();
        if (slot > 0) {
            const auto* known = strings_.find(slot - 1);
            if (known == nullptr) {
                throw Damage{place, fmt::format("string slot {} was never filled", slot - 1)};
            }
            return *known;
        }
        const auto size = number();
        if (size > format::longest_string) {
            throw Damage{place, fmt::format("a string of {} bytes", size)};
        }
        std::string value;
        for (std::uint64_t i = 0; i < size; ++i) {
            value.push_back(static_cast<char>(byte()));
        }
        strings_.add(value);
        return value;
    }

    Address address() {
        const auto place = offset_;
        const auto slot = number();
        if (slot > 1) {
            const auto* known = addresses_.find(slot - 2);
            if (known == nullptr) {
                throw Damage{place, fmt::format("address slot {} was never filled", slot - 2)};
            }
            return *known;
        }
        Address::Bytes bytes{};
        for (std::size_t i = 0; i < (slot == 0 ? 4U : 16U); ++i) {
            bytes[i] = byte();
        }
        Address value = Address::v6(bytes);
        if (slot == 0) {
            value = Address::v4(value.word(0));
        }
        addresses_.add(value);
        return value;
    }

    std::uint64_t number() {
        const auto place = offset_;
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint64_t next = byte();
            if (shift == 63 && next > 1) {
                break;
            }
            value |= (next & 0x7FU) << shift;
            if ((next & 0x80U) == 0) {
                return value;
            }
        }
        throw Damage{place, "a number of more than 64 bits"};
    }

    std::uint8_t byte() {
        if (at_end()) {
            throw Damage{offset_, "the journal is cut off (no end mark)"};
        }
        ++offset_;
        return static_cast<std::uint8_t>(buffer_[position_++]);
    }

    bool at_end() {
        if (position_ < filled_) {
            return false;
        }
        flush_digest();
        filled_ = source_(buffer_.data(), buffer_.size());
        position_ = digested_ = 0;
        return filled_ == 0;
    }

    void flush_digest() {
        digest_.add({buffer_.data() + digested_, position_ - digested_});
        digested_ = position_;
    }

    ByteSource source_;
    std::string buffer_;
    std::size_t position_ = 0, filled_ = 0, digested_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t record_ = 0;  ///< where the event being read began
    std::uint64_t events_ = 0;
    Time last_{};
    bool ended_ = false;
    Fingerprint digest_;
    SlotList<std::string> strings_;
    SlotList<Address> addresses_;
};

Reader::Reader(ByteSource source) : decoder_(std::make_unique<Decoder>(std::move(source))) {}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;

std::optional<Event> Reader::next() {
    return decoder_->next();
}

const std::optional<ReadError>& Reader::error() const {
    return decoder_->error_;
}

const RunStarted& Reader::run() const {
    return decoder_->run_;
}

Level Reader::level() const {
    return decoder_->level_;
}

std::uint64_t Reader::fingerprint() const {
    return decoder_->fingerprint_;
}

}  // namespace lvslab::journal
