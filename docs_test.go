package cognito_test

import (
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var docLink = regexp.MustCompile(`\[\*?[A-Z]\w*(\.[A-Z]\w*)?\]`)

// Each link in a doc comment leads to something that is there: the others stay plain text in the
// parsed comment.
func TestLinksInDocComments(t *testing.T) {
	t.Parallel()
	for folder, path := range map[string]string{".": "github.com/gocognito/cognito", "cognitotest": "github.com/gocognito/cognito/cognitotest"} {
		p := documentation(t, folder, path)
		assert.Contains(t, broken(p, "see [Nothing] and [New]"), "[Nothing]", "the check sees what is not there")
		for name, text := range docComments(p) {
			assert.Empty(t, broken(p, text), "%s: %s", path, name)
		}
	}
}

// docs/errors.md says what each exported error means. What a challenge asks for is in
// docs/flows.md.
func TestTheGuideToErrorsIsComplete(t *testing.T) {
	t.Parallel()
	var guides strings.Builder
	for _, name := range []string{"docs/errors.md", "docs/flows.md"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		guides.Write(text)
	}
	found := 0
	for _, v := range documentation(t, ".", "github.com/gocognito/cognito").Vars {
		for _, name := range v.Names {
			if strings.HasPrefix(name, "Err") {
				found++
				assert.Contains(t, guides.String(), "`"+name+"`")
			}
		}
	}
	assert.Greater(t, found, 70)
}

func documentation(t *testing.T, folder, path string) *doc.Package {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	p, err := doc.NewFromFiles(fset, files, path)
	require.NoError(t, err)
	return p
}

// docComments are those of the package and of what it exports, by name.
func docComments(p *doc.Package) map[string]string {
	texts := map[string]string{"package": p.Doc}
	functions := func(prefix string, list []*doc.Func) {
		for _, f := range list {
			texts[prefix+f.Name] = f.Doc
		}
	}
	values := func(list []*doc.Value) {
		for _, v := range list {
			texts[strings.Join(v.Names, ", ")] = v.Doc
		}
	}
	functions("", p.Funcs)
	values(append(p.Consts, p.Vars...))
	for _, t := range p.Types {
		texts[t.Name] = t.Doc
		functions("", t.Funcs)
		functions(t.Name+".", t.Methods)
		values(append(t.Consts, t.Vars...))
	}
	return texts
}

// broken are the links in a comment that lead nowhere.
func broken(p *doc.Package, text string) []string {
	var found []string
	look := func(list []comment.Text) {
		for _, text := range list {
			if plain, ok := text.(comment.Plain); ok {
				found = append(found, docLink.FindAllString(string(plain), -1)...)
			}
		}
	}
	var walk func(blocks []comment.Block)
	walk = func(blocks []comment.Block) {
		for _, block := range blocks {
			switch b := block.(type) {
			case *comment.Paragraph:
				look(b.Text)
			case *comment.Heading:
				look(b.Text)
			case *comment.List:
				for _, item := range b.Items {
					walk(item.Content)
				}
			}
		}
	}
	walk(p.Parser().Parse(text).Content)
	return found
}
