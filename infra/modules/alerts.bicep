// Rules on the app's own log lines. docs/operate.md says what to do about each.

param name string
param location string
param tags object
param insightsId string

@description('Addresses that are told; empty: the alerts show in the portal alone.')
param emails array

@description('How each rule finds its log line, and what it says.')
var rules = [
  {
    id: 'request-abandoned'
    title: 'A request was abandoned'
    description: 'A request failed too often and was given up: its environment is marked failed.'
    severity: 2
    query: 'traces | where message startswith "abandoned {" and severityLevel >= 3'
    frequency: 'PT5M'
    window: 'PT5M'
  }
  {
    id: 'environment-failed'
    title: 'An environment failed'
    description: 'An environment can\'t be made ready without a change: its record names the object and the fix.'
    severity: 3
    query: 'traces | where message startswith "failed {" and message has "\\"retryable\\":false"'
    frequency: 'PT5M'
    window: 'PT5M'
  }
  {
    id: 'deletion-limit'
    title: 'A sweep was stopped by its deletion limit'
    description: 'A sweep found more to delete than SWEEP_MAX_DELETIONS admits and deleted nothing.'
    severity: 2
    query: 'traces | where message startswith "nothing deleted: more would go than SWEEP_MAX_DELETIONS allows {"'
    frequency: 'PT15M'
    window: 'PT15M'
  }
  {
    id: 'foreign-credential'
    title: 'A foreign credential is in the pool'
    description: 'An identity of the pool holds a federated credential that no configuration of this app explains.'
    severity: 1
    query: 'traces | where message startswith "foreign-credential {"'
    frequency: 'PT15M'
    window: 'PT15M'
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: '${name}-alerts'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'branches'
    emailReceivers: [
      for email in emails: {
        name: email
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for each in rules: {
    name: '${name}-${each.id}'
    location: location
    tags: tags
    properties: {
      displayName: each.title
      description: each.description
      severity: each.severity
      enabled: true
      evaluationFrequency: each.frequency
      windowSize: each.window
      scopes: [insightsId]
      autoMitigate: true
      // the table of log lines may not exist before the first one
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: each.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: empty(emails) ? [] : [group.id] }
    }
  }
]

// Counted in the query: a rule on the number of rows says nothing where there is no row at all.
resource silence 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: '${name}-no-sweep'
  location: location
  tags: tags
  properties: {
    displayName: 'No sweep succeeded for an hour'
    description: 'The timer that finds what deliveries missed has not finished a sweep for an hour.'
    severity: 2
    enabled: true
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    scopes: [insightsId]
    autoMitigate: true
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: 'traces | where message startswith "swept {" | summarize sweeps = count()'
          timeAggregation: 'Total'
          metricMeasureColumn: 'sweeps'
          operator: 'LessThan'
          threshold: 1
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: empty(emails) ? [] : [group.id] }
  }
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, name, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Feature branches (${name})'
    category: 'workbook'
    sourceId: insightsId
    serializedData: string(loadJsonContent('workbook.json'))
  }
}
