package cognitotest

import (
	"slices"
	"time"
)

type poolInput struct {
	UserPoolID string `json:"UserPoolId"`
}

type passwordPolicy struct {
	MinimumLength                                                      int
	RequireUppercase, RequireLowercase, RequireNumbers, RequireSymbols bool
	PasswordHistorySize                                                int `json:",omitempty"`
	TemporaryPasswordValidityDays                                      int
}

type poolPolicies struct{ PasswordPolicy passwordPolicy }

type schemaAttribute struct {
	Name              string
	AttributeDataType string
	Mutable           bool
	Required          bool
}

// describedPool is the pool on the wire, as far as it is configured here.
type describedPool struct {
	ID                          string `json:"Id"`
	Name                        string
	Arn                         string
	Policies                    poolPolicies
	SchemaAttributes            []schemaAttribute
	AutoVerifiedAttributes      []string `json:",omitempty"`
	AliasAttributes             []string `json:",omitempty"`
	UsernameAttributes          []string `json:",omitempty"`
	UsernameConfiguration       struct{ CaseSensitive bool }
	AdminCreateUserConfig       struct{ AllowAdminCreateUserOnly bool }
	UserAttributeUpdateSettings struct {
		AttributesRequireVerificationBeforeUpdate []string
	}
	EstimatedNumberOfUsers int
	CreationDate           float64
	LastModifiedDate       float64
}

type poolOutput struct{ UserPool describedPool }

func (p *pool) describeUserPool(in *poolInput) (poolOutput, error) {
	if err := p.adminCall(in.UserPoolID, nil); err != nil {
		return poolOutput{}, err
	}
	policy := p.cfg.PasswordPolicy
	d := describedPool{
		ID: p.cfg.UserPoolID, Name: p.cfg.UserPoolID, Arn: p.arn(),
		Policies: poolPolicies{passwordPolicy{
			MinimumLength: policy.MinimumLength, RequireUppercase: policy.RequireUppercase, RequireLowercase: policy.RequireLowercase,
			RequireNumbers: policy.RequireNumbers, RequireSymbols: policy.RequireSymbols, PasswordHistorySize: p.cfg.PasswordHistorySize,
			TemporaryPasswordValidityDays: int(p.cfg.TemporaryPasswordValidity / (24 * time.Hour)),
		}},
		SchemaAttributes:       p.schema(),
		AutoVerifiedAttributes: p.cfg.AutoVerifiedAttributes, AliasAttributes: p.cfg.AliasAttributes,
		UsernameAttributes:     p.cfg.UsernameAttributes,
		EstimatedNumberOfUsers: len(p.users), CreationDate: epoch(p.created), LastModifiedDate: epoch(p.created),
	}
	d.UsernameConfiguration.CaseSensitive = !p.cfg.CaseInsensitive
	d.AdminCreateUserConfig.AllowAdminCreateUserOnly = p.cfg.SelfSignUpDisabled
	d.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate = p.cfg.AttributesRequireVerificationBeforeUpdate
	return poolOutput{d}, nil
}

// arn is the pool's name in IAM, in an account that nobody has.
func (p *pool) arn() string {
	region, _ := splitPoolID(p.cfg.UserPoolID)
	return "arn:aws:cognito-idp:" + region + ":123456789012:userpool/" + p.cfg.UserPoolID
}

// schema lists the pool's attributes; those that it takes because it names none are not among them.
func (p *pool) schema() []schemaAttribute {
	list := []schemaAttribute{{Name: attrSub, AttributeDataType: typeString, Required: true}}
	for _, name := range standardAttributes {
		kind := typeString
		if name == "updated_at" {
			kind = typeNumber
		}
		required := slices.Contains(p.cfg.RequiredAttributes, name)
		list = append(list, schemaAttribute{Name: name, AttributeDataType: kind, Mutable: true, Required: required})
	}
	for _, name := range []string{attrEmailVerified, attrPhoneVerified} {
		list = append(list, schemaAttribute{Name: name, AttributeDataType: typeBoolean, Mutable: true})
	}
	for _, c := range p.cfg.CustomAttributes {
		kind := c.Type
		if kind == "" {
			kind = typeString
		}
		list = append(list, schemaAttribute{Name: customPrefix + c.Name, AttributeDataType: kind, Mutable: !c.Immutable})
	}
	return list
}
