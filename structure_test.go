package cognito_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Imports point one way: examples to cognitotest, that to cognito, and these to what is internal,
// which uses neither, except internal/localpool, which examples and commands share.
func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	const module = "github.com/gocognito/cognito"
	const webauthn, model = "cognitotest/internal/webauthn", "cognitotest/internal/model"
	allowed := map[string][]string{
		".": {
			module + "/internal/srp", module + "/internal/flight", module + "/internal/backoff",
			module + "/internal/jwks", module + "/internal/sdkhttp", module + "/internal/token",
		},
		"cognitotest": {
			module, module + "/internal/sdkhttp", module + "/internal/srp", module + "/" + webauthn, module + "/" + model,
		},
		webauthn:             {},
		model:                {},
		"internal/backoff":   {},
		"internal/flight":    {},
		"internal/jwks":      {module + "/internal/flight"},
		"internal/localpool": {module + "/cognitotest"},
		"internal/sdkhttp":   {},
		"internal/seal":      {},
		"internal/srp":       {},
		"internal/token":     {},
	}
	found := map[string]bool{}
	goFiles(t, func(path string, text []byte) {
		folder := filepath.ToSlash(filepath.Dir(path))
		list, ok := allowed[folder]
		if !ok || strings.HasSuffix(path, "_test.go") {
			return
		}
		found[folder] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if imported == module || strings.HasPrefix(imported, module+"/") {
				assert.Contains(t, list, imported, path)
			}
		}
	})
	assert.Len(t, found, len(allowed), "each folder has files")
}

// An SDK client that a test or an example makes has an HTTP client that loses no response, or one
// that sends nothing. See internal/sdkhttp.
func TestSDKClientsLoseNoResponse(t *testing.T) {
	t.Parallel()
	options := 0
	goFiles(t, func(path string, text []byte) {
		if !strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			name, ok := literal.Type.(*ast.SelectorExpr)
			if !ok || name.Sel.Name != "Options" || !slices.Contains([]string{"cip", "cognitoidentityprovider"}, name.X.(*ast.Ident).Name) {
				return true
			}
			options++
			var keys []string
			for _, element := range literal.Elts {
				keys = append(keys, element.(*ast.KeyValueExpr).Key.(*ast.Ident).Name)
			}
			assert.Contains(t, keys, "HTTPClient", path)
			return true
		})
		assert.NotRegexp(t, `(cip|cognitoidentityprovider)\.NewFromConfig\(`, string(text), path)
	})
	assert.Greater(t, options, 5)
}

// CONTRIBUTING.md has a row for each file of the client, and names no other.
func TestTheMapNamesEveryFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("CONTRIBUTING.md")
	require.NoError(t, err)
	var named []string
	for line := range strings.Lines(string(text)) {
		row, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		for _, name := range regexp.MustCompile("`([a-z_]+\\.go)`").FindAllStringSubmatch(row, -1) {
			if strings.HasPrefix(line, "| `") {
				named = append(named, name[1])
			}
		}
	}
	all, err := filepath.Glob("*.go")
	require.NoError(t, err)
	files := slices.DeleteFunc(all, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	slices.Sort(named)
	assert.Equal(t, files, named)
}

// The map of CONTRIBUTING.md says what happens where: each function and variable that it names is
// in that file.
func TestTheMapNamesWhatExists(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("CONTRIBUTING.md")
	require.NoError(t, err)
	_, text, found := bytes.Cut(text, []byte("| what happens |"))
	require.True(t, found)
	text, _, _ = bytes.Cut(text, []byte("\n\n"))
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(line, "|\n "), " | ")
		if len(cells) != 3 || !strings.HasPrefix(cells[1], "`") {
			continue
		}
		rows++
		file := strings.Trim(cells[1], "`")
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		first, _, _ := strings.Cut(cells[2], ";")
		for _, name := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(first, -1) {
			assert.Regexp(t, `(?m)^((func (\([^)]*\) )?|var |type )`+name[1]+`\b|`+name[1]+`\(\) \{)`, string(source), "%s has no %s", file, name[1])
		}
	}
	assert.Greater(t, rows, 10)
}

// The walks of CONTRIBUTING.md name functions of the file or folder that they named last.
func TestTheWalksNameWhatExists(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("CONTRIBUTING.md")
	require.NoError(t, err)
	_, text, found := bytes.Cut(text, []byte("Three walks"))
	require.True(t, found)
	text, _, _ = bytes.Cut(text, []byte("\n## "))
	sources, functions := "", 0
	for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(string(text), -1) {
		if strings.ContainsAny(name[1], "./") {
			sources = sourcesOf(t, name[1])
			continue
		}
		functions++
		declared := regexp.MustCompile(`(?m)^(func (\([^)]*\) )?|\t)` + name[1] + `\(`)
		assert.True(t, declared.MatchString(sources), name[1])
	}
	assert.Greater(t, functions, 30)
}

// sourcesOf returns the text of a file, or of all files of a folder but the tests.
func sourcesOf(t *testing.T, path string) string {
	t.Helper()
	files := []string{path}
	if !strings.HasSuffix(path, ".go") {
		var err error
		files, err = filepath.Glob(filepath.Join(path, "*.go"))
		require.NoError(t, err)
		files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}

// goFiles gives do each Go file below this folder.
func goFiles(t *testing.T, do func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			do(path, text)
		}
		return err
	})
	require.NoError(t, err)
}
