// SPDX-License-Identifier: GPL-2.0-only
/// Records of what is under way, in numbered slots that are used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lvslab::flow_world {

/// Memory is proportional to the most slots that were taken at one time. A reference lives until
/// the next take().
template <class Record>
class Slots {
public:
    using Number = std::uint32_t;

    /// A free slot; its record is what the last owner left.
    Number take() {
        ++taken_;
        if (!free_.empty()) {
            const Number number = free_.back();
            free_.pop_back();
            return number;
        }
        records_.emplace_back();
        return static_cast<Number>(records_.size() - 1);
    }
    void give_back(Number number) {
        --taken_;
        free_.push_back(number);
    }
    Record& operator[](Number number) { return records_[number]; }
    const Record& operator[](Number number) const { return records_[number]; }

    /// Slots in use.
    std::size_t taken() const { return taken_; }
    /// Slots there are: numbers are below this.
    std::size_t size() const { return records_.size(); }

private:
    std::vector<Record> records_;
    std::vector<Number> free_;
    std::size_t taken_ = 0;
};

}  // namespace lvslab::flow_world
