package cognito_test

import (
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// operationRow is a row of the table of operations.
var operationRow = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (.+) \\| (yes)? ?\\|$")

// Each operation of the SDK has a row: with the methods that call it, or with the reason why there
// are none. A new version of the SDK with another operation fails here.
func TestTableOfOperations(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/operations.md")
	require.NoError(t, err)
	var source strings.Builder
	goFiles(t, func(path string, text []byte) {
		if !strings.ContainsAny(path, `/\`) && !strings.HasSuffix(path, "_test.go") {
			source.Write(text)
		}
	})
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()
	client := reflect.TypeFor[*cognitoidentityprovider.Client]()
	session := reflect.TypeFor[*cognito.Cognito]()
	rows := map[string]bool{}
	for _, row := range operationRow.FindAllStringSubmatch(string(text), -1) {
		op, here, pool := row[1], row[2], row[3]
		assert.False(t, rows[op], "%s has two rows", op)
		rows[op] = true
		_, known := client.MethodByName(op)
		assert.True(t, known, "the SDK has no %s", op)
		if _, reason, only := strings.Cut(here, "`Client()`: it "); only {
			assert.NotEmpty(t, reason, op)
		} else {
			for method := range strings.SplitSeq(here, ", ") {
				_, ok := session.MethodByName(strings.Trim(method, "`"))
				assert.True(t, ok, "%s: there is no method %s", op, method)
			}
			called := strings.Contains(source.String(), ".sdk."+op+"(") // assert.Contains would print all files
			assert.True(t, called, "no method calls %s", op)
		}
		assert.Equal(t, pool == "yes", exceptionOf(t, srv, op) != "UnknownOperationException", "whether cognitotest has %s", op)
	}
	for method := range client.Methods() {
		if method.Name != "Options" {
			assert.True(t, rows[method.Name], "docs/operations.md has no row for %s", method.Name)
		}
	}
	assert.Equal(t, "UnknownOperationException", exceptionOf(t, srv, "NoSuchOperation"))
}

// exceptionOf is what the pool says to an empty request of an operation.
func exceptionOf(t *testing.T, srv *cognitotest.Server, op string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, strings.NewReader("{}"))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+op)
	resp, err := srv.HTTPClient().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	return strings.TrimSuffix(resp.Header.Get("X-Amzn-Errortype"), ":")
}
