package cognito_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	guide     = "docs/pycognito.md"
	inventory = "testdata/pycognito.txt"
)

// Every public name of pycognito must have a row in the migration guide, with a line of Python and
// of Go.
func TestTheGuideHasEveryNameOfPycognito(t *testing.T) {
	t.Parallel()
	rows := guideRows(t)
	names := pycognitoNames(t)
	require.Greater(t, len(names), 300)
	for _, name := range names {
		row, ok := rows[name]
		if !assert.True(t, ok, "%s has no row for %s", guide, name) {
			continue
		}
		assert.NotEmpty(t, row.python, name)
		assert.NotEmpty(t, row.golang, name)
		if row.golang == "—" {
			assert.NotEmpty(t, row.note, "%s: where nothing is to be called, the note says why", name)
		}
	}
	for name := range rows {
		assert.Contains(t, names, name, "%s has a row for what is not in %s", guide, inventory)
	}
}

// The guide must not send people to what does not exist.
func TestTheGuideNamesOnlyWhatExists(t *testing.T) {
	t.Parallel()
	declared := declaredNames(t)
	mentioned := 0
	for name, row := range guideRows(t) {
		for _, code := range append(codeSpans(row.note), strings.Trim(row.golang, "`")) {
			for _, ref := range goNames(code) {
				mentioned++
				assert.True(t, declared.has(ref), "row %s: the package has no %s", name, ref.text)
			}
		}
	}
	assert.Greater(t, mentioned, 300)
	text, err := os.ReadFile(guide)
	require.NoError(t, err)
	prose, _, _ := strings.Cut(string(text), "\n| ")
	for _, code := range codeSpans(prose) {
		for _, ref := range goNames(code) {
			assert.True(t, declared.has(ref), "the package has no %s", ref.text)
		}
	}
}

// guideVariables are what the guide's lines of Go use, beside what snippets have.
const guideVariables = `
var (
	c                                          *cognito.Cognito
	user                                       *cognito.User
	group                                      *cognito.Group
	attrs                                      cognito.Attributes
	attributes                                 []types.AttributeType
	m, params, details                         map[string]string
	savedChallenge                             cognito.Challenge
	device                                     cognito.Device
	srp                                        *cognito.SRP
	transport                                  *cognito.Transport
	request                                    *http.Request
	cfg                                        aws.Config
	setOptions                                 func(*cognitoidentityprovider.Options)
	input                                      *cognitoidentityprovider.ListUserPoolsInput
	data, g                                    types.GroupType
	newMyGroup                                 func(*cognito.Group) any
	myUser                                     struct{}
	failed                                     *cognito.Error
	refused                                    *cognito.TokenError
	asked                                      *cognito.ChallengeError
	s, k, groupKey, devicePassword             string
	sessionToken                               string
	keySet                                     []byte
)
`

// Each line of Go in the guide must compile, so that its arguments and results are right, too.
func TestGoInTheGuideCompiles(t *testing.T) {
	t.Parallel()
	check := newSnippetChecker(t)
	lines := 0
	for name, row := range guideRows(t) {
		if row.golang == "—" {
			continue
		}
		lines++
		code := strings.Trim(row.golang, "`")
		if strings.Contains(code, "NewTransport(") || strings.Contains(code, "HTTPClient(") {
			assert.Contains(t, code, "WithOrigins(", "row %s: without it every request fails", name)
		}
		if _, err := parser.ParseExpr(code); err == nil {
			code = "use(" + code + ")"
		}
		for _, problem := range check(guideVariables + "func use(...any) {}\nfunc _(t, url string) {\n" + code + "\n}\n") {
			assert.Fail(t, "row "+name+": "+problem, code)
		}
	}
	assert.Greater(t, lines, 200)
}

type guideRow struct{ python, golang, note string }

// guideRows are the rows of the guide's tables by pycognito's name.
func guideRows(t *testing.T) map[string]guideRow {
	t.Helper()
	text, err := os.ReadFile(guide)
	require.NoError(t, err)
	rows := map[string]guideRow{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		name, ok := strings.CutPrefix(cells[0], "| `")
		if !ok {
			continue
		}
		require.Len(t, cells, 4, line)
		name = strings.TrimSuffix(name, "`")
		require.NotContains(t, rows, name, "two rows")
		rows[name] = guideRow{cells[1], cells[2], strings.TrimSpace(strings.TrimSuffix(cells[3], "|"))}
	}
	return rows
}

// pycognitoNames are the names of the inventory: "f(a, b)" is f, f(a) and f(b).
func pycognitoNames(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(inventory)
	require.NoError(t, err)
	var names []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, args, called := strings.Cut(strings.TrimSuffix(line, ")"), "(")
		names = append(names, name)
		if called {
			for arg := range strings.SplitSeq(args, ", ") {
				names = append(names, name+"("+arg+")")
			}
		}
	}
	return names
}

func codeSpans(text string) []string {
	var spans []string
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			spans = append(spans, part)
		}
	}
	return spans
}

// goName is an exported name in a line of Go: of this package, or of a value of one of its types.
type goName struct {
	text, name string
	ofPackage  bool
}

var (
	qualified = regexp.MustCompile(`([\w)\]]+)\.([A-Z]\w*)`)
	keyed     = regexp.MustCompile(`[{,] ?([A-Z]\w*): `)
	// elsewhere are the packages that the guide's lines use beside this one, and values of their
	// types.
	elsewhere = []string{"types", "http", "errors", "fmt", "time", "aws", "context", "cognitoidentityprovider", "resp", "in", "err"}
)

func goNames(code string) []goName {
	var names []goName
	// What the AWS SDK's client has is not this package's.
	code = strings.NewReplacer("c.Client().ListUserPools", "c.Client()", "c.Client().Options().Region", "c.Client()", ").Get(", ")(").Replace(code)
	for _, match := range qualified.FindAllStringSubmatch(code, -1) {
		if !slices.Contains(elsewhere, match[1]) {
			names = append(names, goName{match[0], match[2], match[1] == "cognito"})
		}
	}
	for _, match := range keyed.FindAllStringSubmatch(code, -1) {
		names = append(names, goName{match[0], match[1], false})
	}
	return names
}

// declarations are the exported names of the package: its own, and the methods and fields of its
// types.
type declarations struct{ scope, members map[string]bool }

func (d declarations) has(ref goName) bool {
	if ref.ofPackage {
		return d.scope[ref.name]
	}
	return d.members[ref.name]
}

func declaredNames(t *testing.T) declarations {
	t.Helper()
	d := declarations{map[string]bool{}, map[string]bool{}}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range parsed.Decls {
			d.declare(decl)
		}
	}
	return d
}

func (d declarations) declare(decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv != nil {
			d.members[decl.Name.Name] = true
		} else {
			d.scope[decl.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				d.scope[spec.Name.Name] = true
				d.fields(spec.Type)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					d.scope[name.Name] = true
				}
			}
		}
	}
}

func (d declarations) fields(t ast.Expr) {
	if s, ok := t.(*ast.StructType); ok {
		for _, field := range s.Fields.List {
			for _, name := range field.Names {
				d.members[name.Name] = true
			}
		}
	}
}

// The links of the documents to files and folders of the repository must lead somewhere.
func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#: ]+)\)`)
	code := regexp.MustCompile("(?s)\n```.*?\n```|`[^`\n]*`") // f[T](x) is no link
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return cmp(err, fs.SkipDir)
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			_, err := os.Stat(filepath.Join(filepath.Dir(path), match[1]))
			assert.NoError(t, err, path)
		}
		return nil
	})
	require.NoError(t, err)
}

func cmp(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
