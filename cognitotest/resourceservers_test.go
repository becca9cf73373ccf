package cognitotest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

func TestResourceServers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	scopes := []members{{"ScopeName": "read", "ScopeDescription": "reads"}}
	api := members{"UserPoolId": f.UserPoolID, "Identifier": "api", "Name": "API", "Scopes": []any{members{"ScopeName": "read", "ScopeDescription": "reads"}}}
	assert.Equal(t, members{"ResourceServer": api}, f.must("CreateResourceServer", members{"Identifier": "api", "Name": "API", "Scopes": scopes}))
	assert.Equal(t, members{"ResourceServer": api}, f.must("DescribeResourceServer", members{"Identifier": "api"}))
	f.must("CreateResourceServer", members{"Identifier": "other", "Name": "Other"})
	page := f.must("ListResourceServers", members{"MaxResults": 1})
	assert.Equal(t, []any{api}, page["ResourceServers"])
	page = f.must("ListResourceServers", members{"MaxResults": 1, "NextToken": page["NextToken"]})
	assert.Equal(t, "other", page["ResourceServers"].([]any)[0].(members)["Identifier"])
	assert.NotContains(t, page, "NextToken")

	out := f.must("UpdateResourceServer", members{"Identifier": "api", "Name": "New"})["ResourceServer"]
	assert.Equal(t, members{"UserPoolId": f.UserPoolID, "Identifier": "api", "Name": "New"}, out, "scopes that are left out are gone")
	const missing, gone = "ResourceNotFoundException", "Resource server does not exist."
	f.refuses("CreateResourceServer", members{"Identifier": "api", "Name": "API"}, badParameter, "api already exists in user pool "+f.UserPoolID+".")
	f.refuses("DescribeResourceServer", members{"Identifier": "none"}, missing, gone)
	f.refuses("UpdateResourceServer", members{"Identifier": "none", "Name": "x"}, missing, gone)
	f.refuses("UpdateResourceServer", members{"Identifier": "api"}, badParameter,
		"1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null")
	f.refuses("ListResourceServers", members{"MaxResults": 51}, badParameter,
		"1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50")
	for _, in := range []members{
		{"Identifier": "an api", "Name": "x"},
		{"Identifier": `"api"`, "Name": "x"},
		{"Identifier": "x", "Name": "a/b"},
		{"Identifier": "x", "Name": "x", "Scopes": []members{{"ScopeName": "read/all", "ScopeDescription": "x"}}},
		{"Identifier": "x", "Name": "x", "Scopes": []members{{"ScopeName": "read all", "ScopeDescription": "x"}}},
	} {
		_, err := f.call("CreateResourceServer", in)
		require.ErrorContains(t, err, "Member must satisfy regular expression pattern", in)
	}
	f.must("DeleteResourceServer", members{"Identifier": "api"})
	f.refuses("DescribeResourceServer", members{"Identifier": "api"}, missing, gone)
}
