package cognitotest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gocognito/cognito/cognitotest"
)

func TestDomains(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	other := f.created(members{})
	describe := func(domain string) members {
		return f.must("DescribeUserPoolDomain", members{"Domain": domain})["DomainDescription"].(members)
	}
	custom := members{"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/x"}
	assert.Equal(t, members{"ManagedLoginVersion": 1.0}, f.must("CreateUserPoolDomain", members{"Domain": "mine"}))
	assert.Contains(t, f.must("CreateUserPoolDomain", members{"Domain": "login.aws.example.com", "CustomDomainConfig": custom}), "CloudFrontDomain")
	assert.Equal(t, members{
		"UserPoolId": f.UserPoolID, "AWSAccountId": "123456789012", "Domain": "mine", "Status": "ACTIVE", "ManagedLoginVersion": 1.0,
	}, describe("mine"))
	assert.Empty(t, describe("none"), "what there is not is no error")
	p := f.described(f.UserPoolID)
	assert.Equal(t, []any{"mine", "login.aws.example.com"}, []any{p["Domain"], p["CustomDomain"]})

	for _, tt := range []struct {
		op      string
		in      members
		message string
	}{
		{"CreateUserPoolDomain", members{"Domain": "mine", "UserPoolId": other}, "Domain already associated with another user pool."},
		{"CreateUserPoolDomain", members{"Domain": "second"}, "User pool already has a domain configured."},
		{"CreateUserPoolDomain", members{"Domain": "my-cognito", "UserPoolId": other}, "Domain cannot contain reserved word: cognito"},
		{"CreateUserPoolDomain", members{"Domain": "lawsuits", "UserPoolId": other}, "Domain cannot contain reserved word: aws"},
		{"CreateUserPoolDomain", members{"Domain": "amazonas", "UserPoolId": other}, "Domain cannot contain reserved word: amazon"},
		{
			"CreateUserPoolDomain",
			members{"Domain": "Mine", "UserPoolId": other},
			"1 validation error detected: Value at 'domain' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-z0-9](?:[a-z0-9\\-\\.]{0,61}[a-z0-9])?$",
		},
		{"UpdateUserPoolDomain", members{"Domain": "mine", "CustomDomainConfig": custom}, "A prefix domain cannot become a custom one, nor the other way round."},
		{"UpdateUserPoolDomain", members{"Domain": "none"}, "No such domain or user pool exists."},
		{"DeleteUserPoolDomain", members{"Domain": "mine", "UserPoolId": other}, "No such domain or user pool exists."},
		{"DeleteUserPool", members{}, "User pool cannot be deleted. It has a domain configured that should be deleted first."},
	} {
		f.refuses(tt.op, tt.in, badParameter, tt.message)
	}
	assert.Equal(t, members{"ManagedLoginVersion": 2.0}, f.must("UpdateUserPoolDomain", members{"Domain": "mine", "ManagedLoginVersion": 2}))
	f.must("DeleteUserPoolDomain", members{"Domain": "mine"})
	f.must("DeleteUserPoolDomain", members{"Domain": "login.aws.example.com"})
	assert.Empty(t, describe("mine"))
	f.must("DeleteUserPool", members{})
}
