package cognito_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// snippetPackages are what the Go code in the documentation may name without importing it.
var snippetPackages = []string{
	"bufio", "context", "crypto/rand", "encoding/base64", "encoding/json", "errors", "fmt", "log", "log/slog", "net/http", "net/http/cookiejar", "net/http/httptest",
	"net/url", "os", "path/filepath", "strings", "testing", "testing/synctest", "time",
	"github.com/aws/aws-sdk-go-v2/aws", "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/credentials",
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider",
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types",
	"github.com/gocognito/cognito", "github.com/gocognito/cognito/cognitotest",
}

// snippetVariables are what it may use without declaring it.
const snippetVariables = `
var (
	ctx                       context.Context
	pool, bob, carol, session *cognito.Cognito
	verifier                  *cognito.Verifier
	login                     *cognito.ManagedLogin
	srv                       *cognitotest.Server
	t                         *testing.T
	w                         http.ResponseWriter
	r                         *http.Request
	mux                       *http.ServeMux
	client                    *http.Client
	err                       error
	username, password, email string
	newPassword, path         string
	poolID, clientID          string
	code, raw, secret, token  string
	saved                     []byte
	key                       string
	store                     func([]byte) error
	storeOf                   func(id string) cognito.TokenStore
	sessionID                 func(*http.Request) string
)
`

// Each block of Go code in the Markdown files must compile against the module as it is.
func TestCodeInMarkdownCompiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.md")
	require.NoError(t, err)
	more, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	check := newSnippetChecker(t)
	blocks := 0
	for _, file := range append(files, more...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, b := range goBlocks(string(text)) {
			blocks++
			if name, code, ok := quotation(b.code); ok {
				quoted, err := os.ReadFile(name)
				require.NoError(t, err)
				assert.Contains(t, string(quoted), code, "%s:%d is not what %s says", file, b.line, name)
				continue
			}
			for _, problem := range check(b.code) {
				assert.Fail(t, fmt.Sprintf("%s:%d: %s", file, b.line, problem), b.code)
			}
		}
	}
	require.Positive(t, blocks, "there is code in the documentation")

	assert.NotEmpty(t, check("pool.NoSuchMethod(ctx)"), "the check sees what is not there")
	assert.NotEmpty(t, check("undeclared := bob.Tokens() + 1"), "the check sees what cannot be")
}

type block struct {
	line int
	code string
}

// quotation reports that a block quotes a file of an example, which is compiled where it stands.
// Its first line names the file.
func quotation(block string) (name, code string, ok bool) {
	first, code, _ := strings.Cut(block, "\n")
	name, ok = strings.CutPrefix(first, "// examples/")
	return "examples/" + name, code, ok && strings.HasSuffix(name, ".go") && strings.TrimSpace(code) != ""
}

var fence = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

func goBlocks(markdown string) []block {
	var blocks []block
	for _, at := range fence.FindAllStringSubmatchIndex(markdown, -1) {
		blocks = append(blocks, block{strings.Count(markdown[:at[2]], "\n") + 1, markdown[at[2]:at[3]]})
	}
	return blocks
}

// newSnippetChecker returns what type-checks a snippet: a whole file, declarations, or statements.
// An unused variable or import is no fault there.
func newSnippetChecker(t *testing.T) func(code string) []string {
	t.Helper()
	exports := exportFiles(t)
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		file, ok := exports[path]
		if !ok {
			return nil, fmt.Errorf("%s is not among the packages of snippets", path)
		}
		return os.Open(file)
	})
	var header strings.Builder
	header.WriteString("package snippet\n")
	for _, path := range snippetPackages {
		fmt.Fprintf(&header, "import %q\n", path)
	}
	header.WriteString(snippetVariables)

	return func(code string) []string {
		file, err := parseSnippet(fset, header.String(), code)
		if err != nil {
			return []string{err.Error()}
		}
		var problems []string
		cfg := types.Config{Importer: imports, Error: func(err error) {
			var problem types.Error
			if !errors.As(err, &problem) || !problem.Soft {
				problems = append(problems, err.Error())
			}
		}}
		_, _ = cfg.Check("snippet", fset, []*ast.File{file}, nil) // the problems have been collected
		return problems
	}
}

func parseSnippet(fset *token.FileSet, header, code string) (*ast.File, error) {
	if strings.HasPrefix(code, "package ") {
		return parser.ParseFile(fset, "file", code, 0)
	}
	if file, err := parser.ParseFile(fset, "declarations", header+code, 0); err == nil {
		return file, nil
	}
	return parser.ParseFile(fset, "statements", header+"func _() error {\n"+code+"\nreturn nil\n}", 0)
}

// exportFiles are the compiled packages that snippets may import, and theirs.
func exportFiles(t *testing.T) map[string]string {
	t.Helper()
	args := append([]string{"list", "-export", "-deps", "-json=ImportPath,Export"}, snippetPackages...)
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	require.NoError(t, err)
	files := map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		files[p.ImportPath] = p.Export
	}
}
