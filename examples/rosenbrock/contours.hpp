// SPDX-License-Identifier: BSL-1.0
/// \file
/// A picture of a function of two variables as an SVG file: contour lines, and paths across them.
#pragma once

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

/// A part of the plane.
struct Window {
  double left, right, bottom, top;
};
using Point = std::array<double, 2>;

/// Draws the window 800 pixels wide.
class Picture {
public:
  explicit Picture(const Window& window) : window_(window), scale_(800 / (window.right - window.left)) {}

  /// The lines where value(x, y) is one of the levels, by marching squares (Lorensen and Cline 1987) on a grid of
  /// `cells` x `cells`.
  template <class Value>
  void add_contours(const Value& value, const std::vector<double>& levels, int cells = 200) {
    const auto at = [&](int i, int j) {
      return Point{window_.left + (window_.right - window_.left) * i / cells,
                   window_.bottom + (window_.top - window_.bottom) * j / cells};
    };
    std::vector<double> grid;
    for (int j = 0; j <= cells; ++j)
      for (int i = 0; i <= cells; ++i) grid.push_back(value(at(i, j)[0], at(i, j)[1]));
    std::string lines;
    for (int j = 0; j < cells; ++j)
      for (int i = 0; i < cells; ++i) {
        const std::array<Point, 4> corner{at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)};
        const auto first = static_cast<std::size_t>(j * (cells + 1) + i);
        const auto above = first + static_cast<std::size_t>(cells) + 1;
        const std::array<double, 4> height{grid[first], grid[first + 1], grid[above + 1], grid[above]};
        for (const double level : levels) {
          // Where the line crosses the sides of the cell; two crossings are a piece of it, four are two pieces.
          std::vector<Point> crossing;
          for (std::size_t side = 0; side < 4; ++side) {
            const std::size_t next = (side + 1) % 4;
            if ((height[side] < level) == (height[next] < level)) continue;
            const double share = (level - height[side]) / (height[next] - height[side]);
            crossing.push_back({corner[side][0] + share * (corner[next][0] - corner[side][0]),
                                corner[side][1] + share * (corner[next][1] - corner[side][1])});
          }
          for (std::size_t k = 0; k + 1 < crossing.size(); k += 2)
            lines += "M" + pixels(crossing[k]) + "L" + pixels(crossing[k + 1]);
        }
      }
    body_ += "<path d='" + lines + "' stroke='#bbb' stroke-width='1' fill='none'/>\n";
  }

  void add_path(const std::vector<Point>& path, const std::string& colour, const std::string& name) {
    body_ += "<polyline points='";
    for (const Point& p : path) body_ += pixels(p) + " ";
    body_ += "' stroke='" + colour + "' stroke-width='2' fill='none'/>\n";
    for (const Point& p : path)
      if (path.size() < 100)
        body_ += "<circle r='3' fill='" + colour + "' transform='translate(" + pixels(p) + ")'/>\n";
    names_ += 24;
    body_ += "<text x='16' y='" + std::to_string(names_) + "' fill='" + colour + "' font-family='sans-serif'>" + name +
             "</text>\n";
  }

  /// Writes the file; throws where it cannot.
  void save(const std::string& file) const {
    std::ofstream out(file);
    const int height = static_cast<int>(scale_ * (window_.top - window_.bottom));
    out << "<svg xmlns='http://www.w3.org/2000/svg' width='800' height='" << height << "'>\n"
        << "<rect width='100%' height='100%' fill='white'/>\n"
        << body_ << "</svg>\n";
    if (!out.flush()) throw std::runtime_error("cannot write '" + file + "'");
  }

private:
  std::string pixels(const Point& p) const {
    char text[64];
    std::snprintf(text, sizeof(text), "%.1f,%.1f", scale_ * (p[0] - window_.left), scale_ * (window_.top - p[1]));
    return text;
  }

  Window window_;
  double scale_;
  int names_ = 8;
  std::string body_;
};
