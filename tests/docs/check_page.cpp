// SPDX-License-Identifier: BSL-1.0
/// \file
/// Compiles and runs the C++ in a Markdown page, and compares its output with the page's.
///
///   check_page PAGE COMPILER FLAGS...      (libraries last)
///
/// The files it makes are in the current directory.
///
/// A ```cpp block begins a program. A comment on the line before a block changes that:
///
///   <!-- test: continue -->       this block goes on with the program before it
///   <!-- test: declarations -->   this block holds types and functions, not statements
///   <!-- test: continue, declarations -->
///   <!-- test: output -->         this ```text block is what the program prints
///   <!-- test: excerpt FILE -->   this block stands word for word in FILE, a path from the page's folder
///
/// A program with `int main` is taken as it stands. In any other, the #include lines and the
/// declarations come first and the rest is the body of main. There is no way to leave a block out.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Block {
  int line = 0;  // where its text begins, counted from 1
  std::string text;
  bool declarations = false;
};

struct Program {
  std::vector<Block> blocks;
  std::optional<std::string> output;
};

[[noreturn]] void fail(const std::string& page, int line, const std::string& text) {
  throw std::runtime_error(page + ":" + std::to_string(line) + ": " + text);
}

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

/// The words of `<!-- test: one, two -->`, or nothing when the line is not such a comment.
std::vector<std::string> test_words(const std::string& line) {
  const std::string start = "<!-- test:", end = "-->";
  if (!starts_with(line, start)) return {};
  std::vector<std::string> words;
  std::istringstream stream(line.substr(start.size(), line.rfind(end) - start.size()));
  for (std::string word; stream >> word;) {
    if (word.back() == ',') word.pop_back();
    words.push_back(word);
  }
  return words;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Program> read_programs(const std::string& page) {
  std::ifstream file(page);
  if (!file) throw std::runtime_error("cannot read " + page);
  std::vector<Program> programs;
  std::vector<std::string> words;  // of the test comment on the line before
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (!starts_with(line, "```")) {
      if (!words.empty()) fail(page, number, "a code block must follow its test comment");
      words = test_words(line);
      continue;
    }
    const std::string language = line.substr(3);
    Block block{.line = number + 1, .text = {}};
    while (++number, std::getline(file, line) && line != "```") block.text += line + "\n";
    if (!file) fail(page, block.line - 1, "this code block has no end");

    if (words.size() == 2 && words[0] == "excerpt") {
      const std::string path = page.substr(0, page.rfind('/') + 1) + words[1];
      if (read_file(path).find(block.text) == std::string::npos)
        fail(page, block.line - 1, "this block does not stand in " + words[1]);
      words.clear();
      continue;
    }
    bool goes_on = false, output = false;
    for (const std::string& word : words) {
      if (word == "continue" && language == "cpp") {
        goes_on = true;
      } else if (word == "declarations" && language == "cpp") {
        block.declarations = true;
      } else if (word == "output" && language == "text") {
        output = true;
      } else {
        fail(page, block.line - 1, "a " + language + " block cannot be marked '" + word + "'");
      }
    }
    words.clear();
    if ((goes_on || output) && programs.empty())
      fail(page, block.line - 1, "there is no program yet that this block could belong to");
    if (output) {
      auto& expected = programs.back().output;
      expected = expected.value_or("") + block.text;
    } else if (language == "cpp") {
      if (!goes_on) programs.emplace_back();
      programs.back().blocks.push_back(block);
    } else if (language == "c++" || language == "C++" || language == "cc") {
      fail(page, block.line - 1, "write ```cpp, so that this block is tested");
    }
  }
  return programs;
}

/// The source file of a program. Its #line directives make the compiler speak of the page.
std::string source_of(const Program& program, const std::string& page) {
  const auto at = [&](int line) { return "#line " + std::to_string(line) + " \"" + page + "\"\n"; };
  std::string includes, declarations, statements, whole;
  for (const Block& block : program.blocks) {
    whole += at(block.line) + block.text;
    std::string& rest = block.declarations ? declarations : statements;
    rest += at(block.line);
    std::istringstream lines(block.text);
    int number = block.line;
    for (std::string line; std::getline(lines, line); ++number) {
      const bool include = starts_with(line, "#include");
      if (include) includes += at(number) + line + "\n";
      rest += (include ? "" : line) + "\n";
    }
  }
  if (whole.find("int main") != std::string::npos) return whole;
  return includes + declarations + "int main() {\n" + statements + "}\n";
}

std::string quoted(const std::string& argument) {
  std::string text = "'";
  for (char c : argument) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

/// Compiles and runs one program.
void check(const Program& program, const std::string& page, const std::string& name,
           const std::vector<std::string>& compiler) {
  const int line = program.blocks.front().line;
  std::ofstream(name + ".cpp") << source_of(program, page);
  std::string command = quoted(compiler[0]) + " " + name + ".cpp -o " + name;
  for (std::size_t i = 1; i < compiler.size(); ++i) command += " " + quoted(compiler[i]);
  if (std::system(command.c_str()) != 0) fail(page, line, "this program does not compile");
  if (std::system(("./" + name + " > " + name + ".out").c_str()) != 0)
    fail(page, line, "this program fails when it runs");
  const std::string printed = read_file(name + ".out");
  if (program.output && printed != *program.output)
    fail(page, line,
         "this program prints something else than the page says.\nThe page:\n" + *program.output + "The program:\n" +
             printed);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 3) throw std::runtime_error("usage: check_page PAGE COMPILER FLAGS...");
    const std::string page = argv[1];
    const std::vector<Program> programs = read_programs(page);
    std::string stem = page.substr(page.rfind('/') + 1);
    stem = stem.substr(0, stem.find('.'));
    for (std::size_t i = 0; i < programs.size(); ++i)
      check(programs[i], page, stem + "_" + std::to_string(i + 1), {argv + 2, argv + argc});
    std::cout << programs.size() << " programs compile and run\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
