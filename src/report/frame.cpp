#include "report/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "report/markup.hpp"

namespace homespun::report {
namespace {

constexpr double tick_size = 12;
constexpr double label_row = 17;
constexpr int mark_rows = 3;
constexpr std::string_view grid_style = "stroke:currentColor;stroke-opacity:.13";
constexpr std::string_view axis_style = "stroke:currentColor;stroke-opacity:.5";

double widest(const std::vector<Tick>& ticks) {
    double width = 0;
    for (const auto& tick : ticks)
        width = std::max(width, text_width(tick.label) * tick_size);
    return width;
}

bool overlap(const std::vector<Tick>& ticks, const Scale& scale) {
    double end = -1e9;
    for (const auto& tick : ticks) {
        const double half = text_width(tick.label) * tick_size / 2;
        const double at = scale.at(tick.value);
        if (at - half < end + 8) return true;
        end = at + half;
    }
    return false;
}

/// A label above the plot and the row it found, counted upwards.
struct Placed {
    double x = 0;
    int row = 0;
    const Mark* mark = nullptr;
};

/// Marks that lie too close are put on higher rows; those that find none stay without a label.
std::vector<Placed> place(const std::vector<Mark>& marks, const Scale& scale, const Box& box, double width) {
    std::vector<const Mark*> sorted;
    for (const auto& mark : marks) {
        const double x = scale.at(mark.at);
        if (x >= box.left - 0.5 && x <= box.right() + 0.5 && !mark.label.empty()) sorted.push_back(&mark);
    }
    std::ranges::sort(sorted, {}, [](const Mark* mark) { return std::pair(mark->at, mark); });
    std::array<double, mark_rows> ends;
    ends.fill(-1e9);
    std::vector<Placed> placed;
    for (const auto* mark : sorted) {
        const double half = text_width(mark->label) * tick_size / 2;
        const double x = std::clamp(scale.at(mark->at), half, std::max(half, width - half));
        const auto row = std::ranges::find_if(ends, [&](double end) { return x - half >= end + 8; });
        if (row == ends.end()) continue;
        *row = x + half;
        placed.push_back({x, static_cast<int>(row - ends.begin()), mark});
    }
    return placed;
}

std::string_view ending(Key key) {
    return key == Key::dashed ? ";stroke-dasharray:6 4" : "";
}

void draw_key(Canvas& canvas, double x, double middle, const LegendEntry& entry) {
    switch (entry.key) {
        case Key::dot:
            canvas.circle(x + 9, middle, 3.5, "fill:" + entry.color);
            break;
        case Key::block:
            canvas.rect({x + 3, middle - 5.5, 12, 11}, "fill:" + entry.color, {}, 2);
            break;
        case Key::line:
        case Key::dashed:
            canvas.line(x, middle, x + 18, middle,
                        fmt::format("stroke:{};stroke-width:2.5{}", entry.color, ending(entry.key)));
    }
}

}  // namespace

bool can_show(const Axis& axis, double value) {
    return is_present(value) && (!axis.log || value > 0);
}

void Ends::add(double value, const Axis& axis) {
    if (!can_show(axis, value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
}

void add_with_room(Ends& ends, double value, const Axis& axis) {
    ends.add(value, axis);
    if (axis.log) {
        ends.add(value * 1.4, axis);
    } else if (value > 0) {
        ends.add(value * 1.06, axis);
    }
}

Scale::Scale(bool log, double low, double high, double from, double to)
    : log_(log),
      low_(log ? std::log10(low) : low),
      high_(log ? std::log10(high) : high),
      from_(from),
      to_(to) {}

double Scale::at(double value) const {
    if (!is_present(value) || (log_ && value <= 0)) return missing;
    if (log_) value = std::log10(value);
    // Halves, so that the largest spans do not overflow.
    return from_ + (value / 2 - low_ / 2) / (high_ / 2 - low_ / 2) * (to_ - from_);
}

double width_of(Layout layout) {
    return layout == Layout::wide ? 880 : layout == Layout::half ? 430 : 360;
}

double draw_title(Canvas& canvas, std::string_view title, double top) {
    constexpr double size = 15;
    double y = top;
    while (!title.empty()) {
        // Words that fit on this line; a word that is too long by itself is cut.
        auto end = title.size();
        while (end != std::string_view::npos && end > 0 &&
               text_width(title.substr(0, end)) * size * 1.1 > canvas.width()) {
            end = title.substr(0, end).find_last_of(' ');
        }
        if (end == std::string_view::npos || end == 0) end = std::min(title.find(' ', 1), title.size());
        y += 20;
        canvas.text(0, y - 5, shortened(title.substr(0, end), canvas.width(), size * 1.1),
                    {.size = size, .bold = true});
        title.remove_prefix(std::min(title.size(), end + 1));
    }
    return y > top ? y - top + 4 : 0;
}

double draw_legend(Canvas& canvas, const std::vector<LegendEntry>& entries, double top) {
    constexpr double size = 12.5;
    double x = 0;
    double y = top;
    bool any = false;
    for (const auto& entry : entries) {
        if (entry.name.empty()) continue;
        const auto name = shortened(entry.name, canvas.width() - 30, size);
        const double width = 24 + text_width(name) * size;
        if (x > 0 && x + width > canvas.width()) {
            x = 0;
            y += 20;
        }
        draw_key(canvas, x, y + 10, entry);
        canvas.text(x + 24, y + 14.5, name, {.size = size});
        x += width + 18;
        any = true;
    }
    return any ? y - top + 26 : 0;
}

std::string axis_title(const Axis& axis) {
    if (!axis.log) return axis.label;
    return axis.label.empty() ? "log scale" : axis.label + " (log scale)";
}

Ticks horizontal_ticks(const Axis& axis, double low, double high, double width) {
    int most = std::max(2, static_cast<int>(width / 62));
    while (true) {
        auto ticks = make_ticks(axis, low, high, most);
        const Scale scale(axis.log, ticks.low, ticks.high, 0, width);
        if (!overlap(ticks.ticks, scale)) return ticks;
        if (most == 2 || ticks.ticks.size() < 3) {
            // Even two do not fit: the last alone.
            if (!ticks.ticks.empty()) ticks.ticks.erase(ticks.ticks.begin(), ticks.ticks.end() - 1);
            return ticks;
        }
        --most;
    }
}

std::string describe_axis(std::string_view which, const Axis& axis, const Ends& ends) {
    const auto label = axis.label.empty() ? std::string(which) : std::string(which) + ": " + axis_title(axis);
    if (ends.empty()) return label + ", no data. ";
    if (!axis.names.empty()) {
        return fmt::format("{}, {} to {}. ", label, axis.names.front(), axis.names.back());
    }
    return fmt::format("{}, from {} to {}. ", label, short_number(ends.low, axis.unit),
                       short_number(ends.high, axis.unit));
}

Frame::Frame(FrameParts parts, Layout layout) : parts_(std::move(parts)), canvas_(width_of(layout)) {
    const auto& x_ends = parts_.x_ends;
    y_ticks_ = make_ticks(parts_.y, parts_.y_ends.low, parts_.y_ends.high, std::max(2, parts_.height / 50));
    double top = draw_title(canvas_, parts_.title, 0);
    top += draw_legend(canvas_, parts_.legend, top);
    if (parts_.heat_key) top += draw_heat_key(canvas_, *parts_.heat_key, top);
    if (const auto words = axis_title(parts_.y); !words.empty()) {
        top += 16;
        canvas_.text(0, top - 4, shortened(words, canvas_.width(), tick_size), {.muted = true});
    }
    box_ = {widest(y_ticks_.ticks) + 8, 0, 0, static_cast<double>(parts_.height)};
    box_.width = canvas_.width() - box_.left - 14;
    auto spread = parts_.x;
    if (parts_.exact && x_ends.low < x_ends.high) {
        if (!spread.low) spread.low = x_ends.low;
        if (!spread.high) spread.high = x_ends.high;
    }
    x_ticks_ = horizontal_ticks(spread, x_ends.low, x_ends.high, box_.width);
    x_scale_ = {spread.log, x_ticks_.low, x_ticks_.high, box_.left, box_.right()};
    box_.top = draw_labels_above(top);
    y_scale_ = {parts_.y.log, y_ticks_.low, y_ticks_.high, box_.bottom(), box_.top};
    draw_phases();
    draw_axes();
}

double Frame::draw_labels_above(double top) {
    const auto placed = place(parts_.vertical, x_scale_, box_, canvas_.width());
    int rows = 0;
    for (const auto& label : placed)
        rows = std::max(rows, label.row + 1);
    const bool named =
        std::ranges::any_of(parts_.phases, [](const Phase& phase) { return !phase.label.empty(); });
    const double marks_end = top + rows * label_row;
    const double end = marks_end + (named ? label_row : 0) + (rows > 0 || named ? 7 : 11);
    for (const auto& label : placed) {
        const double y = marks_end - label.row * label_row - 4;
        canvas_.text(label.x, y, label.mark->label,
                     {.anchor = Anchor::middle, .bold = true, .color = tone_color(label.mark->tone)});
        const double x = x_scale_.at(label.mark->at);
        canvas_.line(x, y + 4, x, end,
                     fmt::format("stroke:{};stroke-opacity:.6", tone_color(label.mark->tone)));
    }
    for (const auto& phase : parts_.phases) {
        const double from = std::clamp(x_scale_.at(phase.from), box_.left, box_.right());
        const double to = std::clamp(x_scale_.at(phase.to), box_.left, box_.right());
        if (!(to > from)) continue;
        canvas_.text((from + to) / 2, marks_end + label_row - 2,
                     shortened(phase.label, to - from - 4, tick_size),
                     {.anchor = Anchor::middle, .halo = true, .color = tone_color(phase.tone)});
    }
    return end;
}

void Frame::draw_phases() {
    bool odd = false;
    for (const auto& phase : parts_.phases) {
        const double from = std::clamp(x_scale_.at(phase.from), box_.left, box_.right());
        const double to = std::clamp(x_scale_.at(phase.to), box_.left, box_.right());
        if (!(to > from)) continue;
        odd = !odd;
        const auto opacity = phase.tone == Tone::neutral ? (odd ? ".03" : ".065") : ".12";
        canvas_.rect({from, box_.top, to - from, box_.height},
                     fmt::format("fill:{};fill-opacity:{}", tone_color(phase.tone), opacity), phase.label);
    }
}

void Frame::draw_grid() {
    for (const auto& tick : y_ticks_.ticks) {
        const double y = y_scale_.at(tick.value);
        canvas_.line(box_.left, y, box_.right(), y, grid_style);
    }
}

void Frame::draw_axes() {
    for (const auto& tick : y_ticks_.ticks) {
        canvas_.text(box_.left - 7, y_scale_.at(tick.value) + 4, tick.label,
                     {.size = tick_size, .anchor = Anchor::end, .muted = true});
    }
    canvas_.line(box_.left, box_.bottom(), box_.right(), box_.bottom(), axis_style);
    for (const auto& tick : x_ticks_.ticks) {
        const double x = x_scale_.at(tick.value);
        canvas_.line(x, box_.bottom(), x, box_.bottom() + 5, axis_style);
        const auto label = shortened(tick.label, canvas_.width(), tick_size);
        const double half = text_width(label) * tick_size / 2;
        canvas_.text(std::clamp(x, half, std::max(half, canvas_.width() - half)), box_.bottom() + 18, label,
                     {.size = tick_size, .anchor = Anchor::middle, .muted = true});
    }
    bottom_ = box_.bottom() + 22;
    if (axis_title(parts_.x).empty()) return;
    bottom_ += 18;
    canvas_.text(box_.left + box_.width / 2, bottom_ - 4,
                 shortened(axis_title(parts_.x), box_.width, tick_size),
                 {.size = tick_size, .anchor = Anchor::middle, .muted = true});
}

bool Frame::is_free(const Box& place, const Mark& own, const std::vector<Box>& taken) const {
    const auto meets = [&](double top, double bottom) { return place.top < bottom && place.bottom() > top; };
    if (!(place.top >= box_.top - 1 && place.bottom() <= box_.bottom() + 1)) return false;
    for (const auto& other : taken) {
        if (meets(other.top, other.bottom()) && place.left < other.right() + 8) return false;
    }
    return std::ranges::none_of(parts_.horizontal, [&](const Mark& mark) {
        const double y = y_scale_.at(mark.at);
        return &mark != &own && meets(y - 1, y + 1);
    });
}

void Frame::draw_horizontal_marks() {
    std::vector<Box> taken;
    for (const auto& mark : parts_.horizontal) {
        const double y = y_scale_.at(mark.at);
        if (!(y >= box_.top - 0.5 && y <= box_.bottom() + 0.5)) continue;
        canvas_.line(box_.left, y, box_.right(), y,
                     fmt::format("stroke:{};stroke-width:1.5;stroke-dasharray:5 4", tone_color(mark.tone)));
        const auto label = shortened(mark.label, box_.width - 8, tick_size);
        const double width = text_width(label) * tick_size * 1.08;
        Box place{box_.right() - 4 - width, y - 17, width, 15};
        // Above the line, else below it, else above and beside those that are in the way.
        if (!is_free(place, mark, taken)) {
            place.top = y + 3;
            if (!is_free(place, mark, taken)) place.top = y - 17;
        }
        for (const auto& other : taken) {
            if (std::abs(other.top - place.top) < 15)
                place.left = std::min(place.left, other.left - width - 14);
        }
        if (label.empty() || place.left < box_.left) continue;
        taken.push_back(place);
        canvas_.text(place.right(), place.top + 12, label,
                     {.anchor = Anchor::end, .bold = true, .halo = true, .color = tone_color(mark.tone)});
    }
}

void Frame::draw_marks() {
    for (const auto& mark : parts_.vertical) {
        const double x = x_scale_.at(mark.at);
        if (!(x >= box_.left - 0.5 && x <= box_.right() + 0.5)) continue;
        canvas_.line(x, box_.top, x, box_.bottom(),
                     fmt::format("stroke:{};stroke-width:1.5;stroke-dasharray:5 4", tone_color(mark.tone)));
    }
    draw_horizontal_marks();
}

std::string Frame::finish(std::string_view description) const {
    return canvas_.finish(bottom_, parts_.title, description);
}

}  // namespace homespun::report
